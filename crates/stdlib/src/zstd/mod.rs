//! `_zstd`, on libzstd. CPython: `Modules/_zstd/`.

mod compress;
mod decompress;
mod dictionary;
mod library;
mod options;

use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::Exception;
use zstd_sys as sys;

use crate::support::{ErrorClass, Slot};
use compress::ZstdCompressor;
use decompress::ZstdDecompressor;
use dictionary::ZstdDict;
use library::{Direction, error_name};

static ERROR: ErrorClass = ErrorClass::new("compression.zstd", "ZstdError", Exception::type_object);

/// The enumerations of compression and decompression parameters, whose members must not be mixed up. The GIL guards them.
static PARAMETER_TYPES: [Slot; 2] = [Slot::new(), Slot::new()];

const LEVEL_PARAMETER: c_int = 100;

/// A parameter: its name in messages, that of the module's constant, and its number.
type Parameter = (&'static str, &'static str, c_int);

const COMPRESSION_PARAMETERS: [Parameter; 19] = [
    ("compression_level", "ZSTD_c_compressionLevel", LEVEL_PARAMETER),
    ("window_log", "ZSTD_c_windowLog", 101),
    ("hash_log", "ZSTD_c_hashLog", 102),
    ("chain_log", "ZSTD_c_chainLog", 103),
    ("search_log", "ZSTD_c_searchLog", 104),
    ("min_match", "ZSTD_c_minMatch", 105),
    ("target_length", "ZSTD_c_targetLength", 106),
    ("strategy", "ZSTD_c_strategy", 107),
    ("enable_long_distance_matching", "ZSTD_c_enableLongDistanceMatching", 160),
    ("ldm_hash_log", "ZSTD_c_ldmHashLog", 161),
    ("ldm_min_match", "ZSTD_c_ldmMinMatch", 162),
    ("ldm_bucket_size_log", "ZSTD_c_ldmBucketSizeLog", 163),
    ("ldm_hash_rate_log", "ZSTD_c_ldmHashRateLog", 164),
    ("content_size_flag", "ZSTD_c_contentSizeFlag", 200),
    ("checksum_flag", "ZSTD_c_checksumFlag", 201),
    ("dict_id_flag", "ZSTD_c_dictIDFlag", 202),
    ("nb_workers", "ZSTD_c_nbWorkers", 400),
    ("job_size", "ZSTD_c_jobSize", 401),
    ("overlap_log", "ZSTD_c_overlapLog", 402),
];

const DECOMPRESSION_PARAMETERS: [Parameter; 1] = [("window_log_max", "ZSTD_d_windowLogMax", 100)];

const STRATEGIES: [&str; 9] = [
    "ZSTD_fast",
    "ZSTD_dfast",
    "ZSTD_greedy",
    "ZSTD_lazy",
    "ZSTD_lazy2",
    "ZSTD_btlazy2",
    "ZSTD_btopt",
    "ZSTD_btultra",
    "ZSTD_btultra2",
];

fn parameters(direction: Direction) -> &'static [Parameter] {
    match direction {
        Direction::Compression => &COMPRESSION_PARAMETERS,
        Direction::Decompression => &DECOMPRESSION_PARAMETERS,
    }
}

pub struct Zstd;

#[pymodule(name = "_zstd")]
impl Zstd {
    const ZSTD_CLEVEL_DEFAULT: i32 = 3;

    #[function(signature = "($module, samples_bytes, samples_sizes, dict_size, /)")]
    fn train_dict(
        samples_bytes: Borrowed<'_, Bytes>,
        samples_sizes: Borrowed<'_, Tuple>,
        dict_size: isize,
    ) -> PyResult<Ref<Bytes>> {
        dictionary::train(samples_bytes.as_slice(), &samples_sizes, dict_size)
    }

    #[function(
        signature = "($module, custom_dict_bytes, samples_bytes, samples_sizes,\n              dict_size, compression_level, /)"
    )]
    fn finalize_dict(
        custom_dict_bytes: Borrowed<'_, Bytes>,
        samples_bytes: Borrowed<'_, Bytes>,
        samples_sizes: Borrowed<'_, Tuple>,
        dict_size: isize,
        compression_level: i32,
    ) -> PyResult<Ref<Bytes>> {
        let (content, samples) = (custom_dict_bytes.as_slice(), samples_bytes.as_slice());
        dictionary::finalize(content, samples, &samples_sizes, dict_size, compression_level)
    }

    #[function(signature = "($module, /, frame_buffer)")]
    fn get_frame_info(frame_buffer: BufferArg<'_>) -> PyResult<Ref<Tuple>> {
        let (start, len) = (frame_buffer.as_ptr().cast(), frame_buffer.len());
        // SAFETY: reads the slice.
        let (size, id) =
            unsafe { (sys::ZSTD_getFrameContentSize(start, len), sys::ZSTD_getDictID_fromFrame(start, len)) };
        let size = match size {
            // Unknown, and no frame.
            u64::MAX => none(),
            size if size == u64::MAX - 1 => {
                return Err(ERROR.raise(format_args!(
                    "Error when getting information from the header of a Zstandard frame. Ensure the frame_buffer \
                     argument starts from the beginning of a frame, and its length is not less than the frame header \
                     (6~18 bytes)."
                )));
            }
            size => Int::from_u64(size)?.into_object(),
        };
        Tuple::pack([size, Int::from_u64(id.into())?.into_object()])
    }

    #[function(signature = "($module, /, frame_buffer)")]
    fn get_frame_size(frame_buffer: BufferArg<'_>) -> PyResult<usize> {
        // SAFETY: reads the slice; any number may be asked about.
        unsafe {
            let size = sys::ZSTD_findFrameCompressedSize(frame_buffer.as_ptr().cast(), frame_buffer.len());
            if sys::ZSTD_isError(size) != 0 {
                return Err(ERROR.raise(format_args!(
                    "Error when finding the compressed size of a Zstandard frame. Ensure the frame_buffer argument starts \
                     from the beginning of a frame, and its length is not less than this complete frame. Zstd error \
                     message: {}.",
                    error_name(size)
                )));
            }
            Ok(size)
        }
    }

    #[function(signature = "($module, /, parameter, is_compress)")]
    fn get_param_bounds(parameter: i32, is_compress: bool) -> PyResult<Ref<Tuple>> {
        let direction = if is_compress { Direction::Compression } else { Direction::Decompression };
        match direction.bounds(parameter) {
            Ok((low, high)) => {
                Tuple::pack([Int::from_i64(low.into())?.into_object(), Int::from_i64(high.into())?.into_object()])
            }
            Err(code) => Err(ERROR.raise(format_args!(
                "Unable to get zstd {} parameter bounds: {}",
                direction.name(),
                error_name(code)
            ))),
        }
    }

    #[function(signature = "($module, /, c_parameter_type, d_parameter_type)")]
    fn set_parameter_types(c_parameter_type: Borrowed<'_, Type>, d_parameter_type: Borrowed<'_, Type>) {
        PARAMETER_TYPES[0].set(Some(c_parameter_type.upcast().to_owned()));
        PARAMETER_TYPES[1].set(Some(d_parameter_type.upcast().to_owned()));
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        for (_, name, number) in COMPRESSION_PARAMETERS.iter().chain(&DECOMPRESSION_PARAMETERS) {
            module.add(name, Int::from_i64((*number).into())?)?;
        }
        for (index, name) in STRATEGIES.iter().enumerate() {
            module.add(name, Int::from_usize(index + 1)?)?;
        }
        // SAFETY: constants of the library.
        let (version, number, size) = unsafe {
            let version = CStr::from_ptr(sys::ZSTD_versionString()).to_string_lossy();
            (version, sys::ZSTD_versionNumber(), sys::ZSTD_DStreamOutSize())
        };
        module.add("zstd_version", Str::from_utf8_str(&version)?)?;
        module.add("zstd_version_number", Int::from_u64(number.into())?)?;
        module.add("ZSTD_DStreamOutSize", Int::from_usize(size)?)?;
        ERROR.add_to(module)?;
        module.add_type::<ZstdDict>()?;
        module.add_type::<ZstdCompressor>()?;
        module.add_type::<ZstdDecompressor>()?;
        let class = ZstdCompressor::type_object();
        let modes = [
            ("CONTINUE", compress::CONTINUE),
            ("FLUSH_BLOCK", compress::FLUSH_BLOCK),
            ("FLUSH_FRAME", compress::FLUSH_FRAME),
        ];
        for (name, mode) in modes {
            class.dict().set_str(Str::intern_str(name)?.borrow(), Int::from_i64(mode.into())?.as_borrowed())?;
        }
        class.modified();
        Ok(())
    }
}
