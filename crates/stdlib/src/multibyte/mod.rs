//! The codecs of Chinese, Japanese and Korean: `_multibytecodec` and the modules that hand out its codecs.
//!
//! `engine.rs` has the codecs, on tables that `generate.py` wrote (`table.rs`); `convert.rs` takes whole strings through
//! them; this file has what Python sees.
//!
//! CPython: `Modules/cjkcodecs/`.

mod convert;
mod engine;
mod gb18030_ranges;
mod iso2022;
mod objects;
mod stream;
mod table;

use taipan_runtime::prelude::*;

use objects::{Decoder, Encoder, MultibyteCodec};
use stream::{Reader, Writer};

pub struct Multibyte;

#[pymodule(name = "_multibytecodec")]
impl Multibyte {
    #[function(name = "__create_codec", signature = "($module, arg, /)")]
    fn create_codec(arg: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        // The capsules that this takes in the reference exist nowhere here.
        let _ = arg;
        Err(raise!(ValueError, "argument type invalid"))
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        taipan_runtime::types::type_::ready_static::<MultibyteCodec>()?;
        module.add_type::<Encoder>()?;
        module.add_type::<Decoder>()?;
        module.add_type::<Reader>()?;
        module.add_type::<Writer>()
    }
}

/// The codec of that name, if the module has it.
fn getcodec(name: Borrowed<'_, Object>, names: &[&str]) -> PyResult<Ref<MultibyteCodec>> {
    let Some(name) = name.downcast::<Str>() else {
        return Err(raise!(TypeError, "encoding name must be a string."));
    };
    match names.iter().find(|known| name.eq_str(known)).and_then(|name| engine::codec_named(name)) {
        Some(codec) => MultibyteCodec::new(codec),
        None => Err(raise!(LookupError, "no such codec is supported.")),
    }
}

macro_rules! modules {
    ($($(#[$doc:meta])* $ty:ident $name:literal $names:expr;)*) => {
        $(
            $(#[$doc])*
            pub struct $ty;

            #[pymodule(name = $name)]
            impl $ty {
                #[function(signature = "($self, object, /)")]
                fn getcodec(object: Borrowed<'_, Object>) -> PyResult<Ref<MultibyteCodec>> {
                    getcodec(object, $names)
                }

                #[exec]
                fn exec(_module: &Ref<Module>) -> PyResult<()> {
                    taipan_runtime::types::type_::ready_static::<MultibyteCodec>()
                }
            }
        )*
    };
}

modules! {
    CodecsCn "_codecs_cn" &["gb2312", "gbk", "gb18030", "hz"];
    CodecsHk "_codecs_hk" &["big5hkscs"];
    CodecsIso2022 "_codecs_iso2022" &[
        "iso2022_kr", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3", "iso2022_jp_ext",
    ];
    CodecsJp "_codecs_jp" &[
        "shift_jis", "cp932", "euc_jp", "shift_jis_2004", "euc_jis_2004", "euc_jisx0213", "shift_jisx0213",
    ];
    CodecsKr "_codecs_kr" &["euc_kr", "cp949", "johab"];
    CodecsTw "_codecs_tw" &["big5", "cp950"];
}
