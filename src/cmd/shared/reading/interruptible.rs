//! Standard input that ends at the first Ctrl-C, so that the result so far can be printed. The
//! second Ctrl-C ends the program.

use std::io::{self, BufRead, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;

use logbook_store::os_real;

/// Standard input that ends at a Ctrl-C.
pub struct Interruptible<'d> {
    input: &'d mut (dyn BufRead + Send),
    interrupt: Interrupt,
    /// The number of bytes in the buffer that are not consumed yet.
    left: usize,
}

/// Whether Ctrl-C was pressed.
#[derive(Debug)]
pub struct Interrupt {
    pressed: Arc<AtomicBool>,
    woken: UnixStream,
}

impl Interrupt {
    /// From now on the first Ctrl-C does not end the program.
    pub fn catch() -> io::Result<Interrupt> {
        let pressed = Arc::new(AtomicBool::new(false));
        // In this order: at the second Ctrl-C the first handler finds the flag set, and ends the
        // program.
        signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&pressed))?;
        signal_hook::flag::register(SIGINT, Arc::clone(&pressed))?;
        let (woken, wakes) = UnixStream::pair()?;
        signal_hook::low_level::pipe::register(SIGINT, wakes)?;
        Ok(Interrupt { pressed, woken })
    }

    /// The flag that is set when it is pressed.
    pub fn pressed(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.pressed)
    }
}

impl<'d> Interruptible<'d> {
    /// Reads `input` until `interrupt`.
    pub fn new(input: &'d mut (dyn BufRead + Send), interrupt: Interrupt) -> Interruptible<'d> {
        Interruptible { input, interrupt, left: 0 }
    }
}

impl BufRead for Interruptible<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            while !os_real::stdin_comes_before(&self.interrupt.woken) {
                if self.interrupt.pressed.load(Ordering::Relaxed) {
                    return Ok(&[]);
                }
            }
        }
        let bytes = self.input.fill_buf()?;
        self.left = bytes.len();
        Ok(bytes)
    }

    fn consume(&mut self, amount: usize) {
        self.input.consume(amount);
        self.left = self.left.saturating_sub(amount);
    }
}

impl Read for Interruptible<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let some = bytes.len().min(buffer.len());
        buffer[..some].copy_from_slice(&bytes[..some]);
        self.consume(some);
        Ok(some)
    }
}
