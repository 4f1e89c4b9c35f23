//! The sponge of SHA-3 and SHAKE (FIPS 202) on the permutation of a crate.

use keccak::Keccak;

use super::algorithm::Algorithm;

const STATE: usize = 25;

#[derive(Clone)]
pub struct Sponge {
    pub algorithm: Algorithm,
    pub digest_size: usize,
    /// Bytes of a block.
    pub rate: usize,
    state: [u64; STATE],
    /// Bytes of the current block that were taken in.
    filled: usize,
}

fn permute(state: &mut [u64; STATE]) {
    Keccak::new().with_f1600(|f1600| f1600(state));
}

impl Sponge {
    pub fn new(algorithm: Algorithm, digest_size: usize, rate: usize) -> Sponge {
        Sponge { algorithm, digest_size, rate, state: [0; STATE], filled: 0 }
    }

    /// The bits behind the message, which keep the functions apart.
    pub fn suffix(&self) -> u8 {
        if self.digest_size == 0 { 0x1f } else { 0x06 }
    }

    fn mix(&mut self, byte: u8) {
        self.state[self.filled / 8] ^= u64::from(byte) << (self.filled % 8 * 8);
        self.filled += 1;
        if self.filled == self.rate {
            permute(&mut self.state);
            self.filled = 0;
        }
    }

    pub fn absorb(&mut self, data: &[u8]) {
        let mut data = data;
        while !self.filled.is_multiple_of(8) || self.filled + 8 > self.rate {
            let Some((&byte, rest)) = data.split_first() else { return };
            self.mix(byte);
            data = rest;
        }
        let words = data.chunks_exact(8);
        let rest = words.remainder();
        for word in words {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(word);
            self.state[self.filled / 8] ^= u64::from_le_bytes(bytes);
            self.filled += 8;
            if self.filled == self.rate {
                permute(&mut self.state);
                self.filled = 0;
            }
        }
        rest.iter().for_each(|&byte| self.mix(byte));
    }

    /// The output for what was taken in so far.
    pub fn squeeze(&self, out: &mut [u8]) {
        let mut state = self.state;
        state[self.filled / 8] ^= u64::from(self.suffix()) << (self.filled % 8 * 8);
        let last = self.rate - 1;
        state[last / 8] ^= 0x80 << (last % 8 * 8);
        for block in out.chunks_mut(self.rate) {
            permute(&mut state);
            for (index, byte) in block.iter_mut().enumerate() {
                *byte = (state[index / 8] >> (index % 8 * 8)) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_any_size_give_the_same() {
        let data: Vec<u8> = (0..1000u32).map(|value| value as u8).collect();
        let mut whole = Sponge::new(Algorithm::Sha3_256, 32, 136);
        whole.absorb(&data);
        let mut expected = [0; 32];
        whole.squeeze(&mut expected);
        for size in [1, 3, 7, 8, 9, 135, 136, 137] {
            let mut sponge = Sponge::new(Algorithm::Sha3_256, 32, 136);
            data.chunks(size).for_each(|piece| sponge.absorb(piece));
            let mut out = [0; 32];
            sponge.squeeze(&mut out);
            assert_eq!(out, expected, "{size}");
        }
    }
}
