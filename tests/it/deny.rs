//! `logbook deny`: a no, which says why.

use crate::ask::book;

#[test]
fn a_no_says_why() {
    let book = book();
    book.run(&["ask", "merge it", "-r", "r-88"]).exit(0);
    book.run(&["deny", "r-88"]).exit(2).says("a denial needs a reason");
    book.run(&["deny", "r-88", "--why", "not on a Friday", "--by", "maria"]).exit(0).quiet().stdout("");
    book.run(&["query", "kind=approval.denied", "--select", "step,action,status,answers,approval_state,reason,approver"]).stdout(
        "{\"step\":3,\"action\":\"deny\",\"status\":\"in-progress\",\"answers\":\"r-88#2\",\"approval_state\":\"denied\",\"reason\":\"not on a Friday\",\"approver\":\"maria\"}\n",
    );
    book.run(&["approve", "r-88", "--by", "jonas"]).exit(1).says("denied by maria: not on a Friday");
}
