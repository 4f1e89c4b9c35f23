//! `_md5`, `_sha1` and `_sha2`.

use taipan_runtime::prelude::*;

use super::algorithm::Algorithm;
use super::{GIL_MINSIZE, data_argument, fixed_hash_type, started};

fixed_hash_type! { Md5Type "md5" "_md5" [disallow_instantiation, basicsize = 32] "($self, obj, /)" {} }
fixed_hash_type! { Sha1Type "sha1" "_sha1" [disallow_instantiation, basicsize = 40] "($self, obj, /)" {} }
fixed_hash_type! { Sha224Type "SHA224Type" "_sha2" [disallow_instantiation, basicsize = 32] "($self, obj, /)" {} }
fixed_hash_type! { Sha256Type "SHA256Type" "_sha2" [disallow_instantiation, basicsize = 32] "($self, obj, /)" {} }
fixed_hash_type! { Sha384Type "SHA384Type" "_sha2" [disallow_instantiation, basicsize = 32] "($self, obj, /)" {} }
fixed_hash_type! { Sha512Type "SHA512Type" "_sha2" [disallow_instantiation, basicsize = 32] "($self, obj, /)" {} }

pub struct Md5Module;

#[pymodule(name = "_md5")]
impl Md5Module {
    const _GIL_MINSIZE: usize = GIL_MINSIZE;

    #[function(signature = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn md5(
        data: Option<Borrowed<'_, Object>>,
        usedforsecurity: bool,
        string: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Md5Type>> {
        let _ = usedforsecurity;
        Md5Type::with_hasher(started(Algorithm::Md5.start(), data_argument(data, string)?)?)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        taipan_runtime::types::type_::ready_static::<Md5Type>()?;
        module.add("MD5Type", Md5Type::type_object())
    }
}

pub struct Sha1Module;

#[pymodule(name = "_sha1")]
impl Sha1Module {
    const _GIL_MINSIZE: usize = GIL_MINSIZE;

    #[function(signature = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha1(
        data: Option<Borrowed<'_, Object>>,
        usedforsecurity: bool,
        string: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Sha1Type>> {
        let _ = usedforsecurity;
        Sha1Type::with_hasher(started(Algorithm::Sha1.start(), data_argument(data, string)?)?)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        taipan_runtime::types::type_::ready_static::<Sha1Type>()?;
        module.add("SHA1Type", Sha1Type::type_object())
    }
}

pub struct Sha2Module;

#[pymodule(name = "_sha2")]
impl Sha2Module {
    const _GIL_MINSIZE: usize = GIL_MINSIZE;

    #[function(signature = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha224(
        data: Option<Borrowed<'_, Object>>,
        usedforsecurity: bool,
        string: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Sha224Type>> {
        let _ = usedforsecurity;
        Sha224Type::with_hasher(started(Algorithm::Sha224.start(), data_argument(data, string)?)?)
    }

    #[function(signature = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha256(
        data: Option<Borrowed<'_, Object>>,
        usedforsecurity: bool,
        string: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Sha256Type>> {
        let _ = usedforsecurity;
        Sha256Type::with_hasher(started(Algorithm::Sha256.start(), data_argument(data, string)?)?)
    }

    #[function(signature = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha384(
        data: Option<Borrowed<'_, Object>>,
        usedforsecurity: bool,
        string: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Sha384Type>> {
        let _ = usedforsecurity;
        Sha384Type::with_hasher(started(Algorithm::Sha384.start(), data_argument(data, string)?)?)
    }

    #[function(signature = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
    fn sha512(
        data: Option<Borrowed<'_, Object>>,
        usedforsecurity: bool,
        string: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Sha512Type>> {
        let _ = usedforsecurity;
        Sha512Type::with_hasher(started(Algorithm::Sha512.start(), data_argument(data, string)?)?)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Sha224Type>()?;
        module.add_type::<Sha256Type>()?;
        module.add_type::<Sha384Type>()?;
        module.add_type::<Sha512Type>()
    }
}
