//! Independent random streams of one seed, and secrets.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use tokio_rustls::rustls::crypto::aws_lc_rs;

/// The stream of a name; draws from other streams do not change it.
pub fn stream(seed: u64, name: &str) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(fnv1a(name));
    random
}

/// Bytes that nobody can predict.
pub fn secret<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    aws_lc_rs::default_provider()
        .secure_random
        .fill(&mut bytes)
        .expect("a kernel has random bytes");
    bytes
}

/// A name as a number that no compiler or library version changes.
/// <https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>
fn fnv1a(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::RngCore;

    use super::*;

    #[test]
    fn a_seed_and_a_name_determine_a_stream() {
        let first = |seed, name| stream(seed, name).next_u64();
        assert_eq!(first(1, "a"), first(1, "a"));
        assert_ne!(first(1, "a"), first(1, "b"));
        assert_ne!(first(1, "a"), first(2, "a"));
    }
}
