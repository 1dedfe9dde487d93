//! Chooses, once per block, the implementation that this processor can run: AVX-512, AVX2, or the
//! portable one. All of them give the same [`Index`] and [`Marks`].
//!
//! Not here: the loops themselves (`index`, `marks`) and the vector code (`x86`).

use super::index::Index;
use super::marks::Marks;
#[cfg(target_arch = "x86_64")]
use super::x86;

impl Index {
    /// Indexes `text`, which begins at the start of a line. With `careful`, every bracket is looked
    /// at one by one.
    pub fn fill(&mut self, text: &[u8], careful: bool) {
        #[cfg(target_arch = "x86_64")]
        if x86::index(text, self, careful) {
            return;
        }
        self.fill_portable(text, careful);
    }

    /// The same with AVX2 only, for tests that compare; false if the processor lacks it.
    pub fn fill_avx2(&mut self, text: &[u8], careful: bool) -> bool {
        #[cfg(target_arch = "x86_64")]
        return x86::index_avx2(text, self, careful);
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }
}

impl Marks {
    /// Marks `text`, a block of whole lines.
    pub fn fill(&mut self, text: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        if x86::mark(text, self) {
            return;
        }
        self.fill_portable(text);
    }

    /// The same with AVX2 only, for tests that compare; false if the processor lacks it.
    pub fn fill_avx2(&mut self, text: &[u8]) -> bool {
        #[cfg(target_arch = "x86_64")]
        return x86::mark_avx2(text, self);
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }
}

/// Runs `work` with the instructions that count and find bits, if the processor has them.
#[inline(always)]
pub(super) fn with_bits<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    return x86::with_bits(work);
    #[cfg(not(target_arch = "x86_64"))]
    work()
}
