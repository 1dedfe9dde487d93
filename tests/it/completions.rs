//! `logbook completions SHELL`.

use crate::support::Book;

#[test]
fn each_shell_has_a_script() {
    let book = Book::empty();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        book.run(&["completions", shell]).exit(0).quiet().shows("append").shows("blocked-on");
    }
    book.run(&["completions", "bosh"]).exit(2).says("did you mean `bash`?");
    book.run(&["completions"]).exit(2).says("hint: logbook completions --help");
}

#[test]
#[ignore = "needs bash"]
fn bash_can_read_its_script() {
    let book = Book::empty();
    book.shell("logbook completions bash > c && bash -n c").exit(0).quiet();
}
