//! `_random`: the Mersenne Twister MT19937. CPython: `Modules/_randommodule.c`.
//!
//! Matsumoto, M. and Nishimura, T. (1998). Mersenne Twister: A 623-dimensionally equidistributed uniform pseudorandom number
//! generator. ACM Transactions on Modeling and Computer Simulation 8 (1). Seeds give the same numbers as on the reference.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;

const N: usize = 624;
const M: usize = 397;

#[repr(C)]
pub struct Random {
    head: PyObject,
    /// The next word of `state` to use; `N` when they have to be made anew.
    index: Cell<u32>,
    state: [Cell<u32>; N],
}

impl Random {
    /// Makes the next `N` words.
    fn twist(&self) {
        let word = |index: usize| self.state[index % N].get();
        for index in 0..N {
            let y = (word(index) & 0x8000_0000) | (word(index + 1) & 0x7fff_ffff);
            let magic = if y & 1 == 0 { 0 } else { 0x9908_b0df };
            self.state[index].set(word(index + M) ^ (y >> 1) ^ magic);
        }
        self.index.set(0);
    }

    /// The next 32 bits.
    #[inline]
    fn word(&self) -> u32 {
        if self.index.get() as usize >= N {
            self.twist();
        }
        let index = self.index.get();
        self.index.set(index + 1);
        let mut y = self.state[index as usize].get();
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn start(&self, seed: u32) {
        let mut last = seed;
        self.state[0].set(seed);
        for (index, word) in self.state.iter().enumerate().skip(1) {
            last = 1_812_433_253u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(index as u32);
            word.set(last);
        }
        self.index.set(N as u32);
    }

    /// Starts from any number of words.
    fn start_from(&self, key: &[u32]) {
        self.start(19_650_218);
        let mixed = |index: usize, factor: u32| {
            let before = self.state[index - 1].get();
            self.state[index].get() ^ (before ^ (before >> 30)).wrapping_mul(factor)
        };
        let mut index = 1;
        let mut at = 0;
        let wrap = |index: &mut usize| {
            *index += 1;
            if *index >= N {
                self.state[0].set(self.state[N - 1].get());
                *index = 1;
            }
        };
        for _ in 0..N.max(key.len()) {
            let word = mixed(index, 1_664_525).wrapping_add(key[at]).wrapping_add(at as u32);
            self.state[index].set(word);
            wrap(&mut index);
            at += 1;
            if at >= key.len() {
                at = 0;
            }
        }
        for _ in 0..N - 1 {
            self.state[index].set(mixed(index, 1_566_083_941).wrapping_sub(index as u32));
            wrap(&mut index);
        }
        self.state[0].set(0x8000_0000);
    }

    /// Starts from what the system gives, or from time and process where it gives nothing.
    fn start_from_system(&self) {
        let mut key = [0u32; N];
        // SAFETY: fills the array.
        let got = unsafe { libc::getrandom(key.as_mut_ptr().cast(), size_of_val(&key), libc::GRND_NONBLOCK) };
        if got == size_of_val(&key) as isize {
            return self.start_from(&key);
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let key =
            [now as u32, (now >> 32) as u32, std::process::id(), (now >> 64) as u32, key.as_ptr() as usize as u32];
        self.start_from(&key);
    }

    fn seed_from(&self, seed: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(seed) = seed.filter(|seed| !seed.is_none()) else {
            self.start_from_system();
            return Ok(());
        };
        let limbs = match seed.downcast::<Int>() {
            // The magnitude: the sign does not count.
            Some(int) => int.to_limbs()?,
            None => vec![seed.hash()? as u64],
        };
        let mut key = vec_with_capacity(limbs.len() * 2 + 1)?;
        for limb in limbs {
            key.push(limb as u32);
            key.push((limb >> 32) as u32);
        }
        while key.last() == Some(&0) {
            key.pop();
        }
        if key.is_empty() {
            key.push(0);
        }
        self.start_from(&key);
        Ok(())
    }
}

#[pytype(name = "Random", module = "_random", basetype, heap, mutable)]
impl Random {
    #[slot(tp_new)]
    fn prefill(this: &Ref<Random>) {
        this.index.set(N as u32);
    }

    #[init(raw, no_text_signature)]
    fn init(this: &Ref<Random>, args: CallArgs<'_>) -> PyResult<()> {
        let same_init =
            this.type_of().tp_init.get().map(|f| f as usize) == Random::type_object().tp_init.get().map(|f| f as usize);
        if same_init {
            args.no_keywords("Random")?;
        }
        args.check_count("Random", 0, 1)?;
        this.seed_from(args.get(0))
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Random) {
        // SAFETY: called once, by the last decref.
        unsafe { memory::dealloc_finish(this) }
    }

    /// 53 random bits as a fraction.
    #[method(signature = "($self, /)")]
    fn random(this: &Ref<Random>) -> f64 {
        let high = f64::from(this.word() >> 5);
        let low = f64::from(this.word() >> 6);
        (high * 67_108_864.0 + low) * (1.0 / 9_007_199_254_740_992.0)
    }

    #[method(signature = "($self, n=None, /)")]
    fn seed(this: &Ref<Random>, n: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.seed_from(n)
    }

    #[method(signature = "($self, /)")]
    fn getstate(this: &Ref<Random>) -> PyResult<Ref<Tuple>> {
        let mut words = vec_with_capacity(N + 1)?;
        for word in this.state.iter().chain([&this.index]) {
            words.push(Int::from_u64(u64::from(word.get()))?.into_object());
        }
        Tuple::from_vec(words)
    }

    #[method(signature = "($self, state, /)")]
    fn setstate(this: &Ref<Random>, state: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(state) = state.downcast::<Tuple>() else {
            return Err(raise!(TypeError, "state vector must be a tuple"));
        };
        if state.len() != N + 1 {
            return Err(raise!(ValueError, "state vector is the wrong size"));
        }
        let mut words = [0u32; N];
        for (word, item) in words.iter_mut().zip(state.iter()) {
            let Some(value) = item.downcast::<Int>() else { return Err(raise!(TypeError, "an integer is required")) };
            let value = value.to_i128().unwrap_or(i128::MAX);
            if value < 0 {
                return Err(raise!(OverflowError, "can't convert negative value to unsigned int"));
            }
            if value > i128::from(u64::MAX) {
                return Err(raise!(OverflowError, "Python int too large to convert to C unsigned long"));
            }
            *word = value as u32;
        }
        let index = state.get(N);
        let Some(index) = index.downcast::<Int>() else {
            return Err(raise!(TypeError, "an integer is required"));
        };
        let Some(index) = index.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C long"));
        };
        let Some(index) = u32::try_from(index).ok().filter(|&index| index as usize <= N) else {
            return Err(raise!(ValueError, "invalid state"));
        };
        this.index.set(index);
        for (target, word) in this.state.iter().zip(words) {
            target.set(word);
        }
        Ok(())
    }

    #[method(signature = "($self, k, /)")]
    fn getrandbits(this: &Ref<Random>, k: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        let k = k.index()?;
        if k.is_negative() {
            return Err(raise!(ValueError, "Cannot convert negative int"));
        }
        let Some(mut bits) = k.to_i128().and_then(|bits| u64::try_from(bits).ok()) else {
            return Err(raise!(OverflowError, "Python int too large for C uint64_t"));
        };
        match bits {
            0 => return Ok(Int::zero()),
            1..=32 => return Int::from_u64(u64::from(this.word() >> (32 - bits))),
            _ => {}
        }
        let Some(count) = usize::try_from(bits.div_ceil(64)).ok() else { return Err(Raised::no_memory()) };
        let mut limbs = vec_with_capacity::<u64>(count)?;
        while bits > 0 {
            let mut limb = 0;
            for half in 0..2 {
                if bits == 0 {
                    break;
                }
                let taken = bits.min(32);
                limb |= u64::from(this.word() >> (32 - taken)) << (32 * half);
                bits -= taken;
            }
            limbs.push(limb);
        }
        Int::from_limbs(&limbs, false)
    }
}

pub struct RandomModule;

#[pymodule(name = "_random")]
impl RandomModule {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Random>()
    }
}
