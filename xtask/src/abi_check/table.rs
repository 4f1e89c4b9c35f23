//! What `cargo xtask abi-check` compares: every struct of `taipan-abi` with its fields, and every constant.
//!
//! A struct's fields are listed once: the list gives `offset_of!` here and `offsetof` in the C program. It is also a
//! pattern without `..`, so a field that is missing from it does not compile. A struct that C knows under another name
//! than Rust has that name beside it.

use super::{Constant, Field, Layout, constants, layouts};
use taipan_abi::*;

layouts! {
    // object.rs
    struct PyObject { ob_refcnt, ob_overflow, ob_flags, ob_type };
    struct PyVarObject { ob_base, ob_size };
    struct PyType_Slot { slot, pfunc };
    struct PyType_Spec { name, basicsize, itemsize, flags, slots };
    struct _Py_Identifier { string, index, mutex };
    // typeobject.rs
    struct PyNumberMethods {
        nb_add, nb_subtract, nb_multiply, nb_remainder, nb_divmod, nb_power, nb_negative, nb_positive, nb_absolute,
        nb_bool, nb_invert, nb_lshift, nb_rshift, nb_and, nb_xor, nb_or, nb_int, nb_reserved, nb_float,
        nb_inplace_add, nb_inplace_subtract, nb_inplace_multiply, nb_inplace_remainder, nb_inplace_power,
        nb_inplace_lshift, nb_inplace_rshift, nb_inplace_and, nb_inplace_xor, nb_inplace_or, nb_floor_divide,
        nb_true_divide, nb_inplace_floor_divide, nb_inplace_true_divide, nb_index, nb_matrix_multiply,
        nb_inplace_matrix_multiply
    };
    struct PySequenceMethods {
        sq_length, sq_concat, sq_repeat, sq_item, was_sq_slice, sq_ass_item, was_sq_ass_slice, sq_contains,
        sq_inplace_concat, sq_inplace_repeat
    };
    struct PyMappingMethods { mp_length, mp_subscript, mp_ass_subscript };
    struct PyAsyncMethods { am_await, am_aiter, am_anext, am_send };
    struct PyBufferProcs { bf_getbuffer, bf_releasebuffer };
    struct PyTypeObject {
        ob_base, tp_name, tp_basicsize, tp_itemsize, tp_dealloc, tp_vectorcall_offset, tp_getattr, tp_setattr,
        tp_as_async, tp_repr, tp_as_number, tp_as_sequence, tp_as_mapping, tp_hash, tp_call, tp_str, tp_getattro,
        tp_setattro, tp_as_buffer, tp_flags, tp_doc, tp_traverse, tp_clear, tp_richcompare, tp_weaklistoffset,
        tp_iter, tp_iternext, tp_methods, tp_members, tp_getset, tp_base, tp_dict, tp_descr_get, tp_descr_set,
        tp_dictoffset, tp_init, tp_alloc, tp_new, tp_free, tp_is_gc, tp_bases, tp_mro, tp_cache, tp_subclasses,
        tp_weaklist, tp_del, tp_version_tag, tp_finalize, tp_vectorcall, tp_watched, tp_versions_used
    };
    struct _specialization_cache = "struct _specialization_cache" { getitem, getitem_version, init };
    struct PyHeapTypeObject {
        ht_type, as_async, as_number, as_mapping, as_sequence, as_buffer, ht_name, ht_slots, ht_qualname,
        ht_cached_keys, ht_module, _ht_tpname, ht_token, _spec_cache
    };
    struct _special_method = "struct _special_method" { name, error, error_suggestion };
    // methodobject.rs
    struct PyMethodDef { ml_name, ml_meth, ml_flags, ml_doc };
    struct PyCFunctionObject { ob_base, m_ml, m_self, m_module, m_weakreflist, vectorcall };
    struct PyCMethodObject { func, mm_class };
    // descrobject.rs
    struct PyGetSetDef { name, get, set, doc, closure };
    struct PyMemberDef { name, r#type, offset, flags, doc };
    struct wrapperbase = "struct wrapperbase" { name, offset, function, wrapper, doc, flags, name_strobj };
    struct PyDescrObject { ob_base, d_type, d_name, d_qualname };
    struct PyMethodDescrObject { d_common, d_method, vectorcall };
    struct PyMemberDescrObject { d_common, d_member };
    struct PyGetSetDescrObject { d_common, d_getset };
    struct PyWrapperDescrObject { d_common, d_base, d_wrapped };
    struct _PyPropertyObject { ob_base, prop_get, prop_set, prop_del, prop_doc, prop_name, getter_doc };
    // unicodeobject.rs
    struct PyASCIIObject { ob_base, length, hash, state };
    struct PyCompactUnicodeObject { _base, utf8_length, utf8 };
    union PyUnicodeObject_data = "__typeof__(((PyUnicodeObject *)0)->data)" { any, latin1, ucs2, ucs4 };
    struct PyUnicodeObject { _base, data };
    struct _PyUnicodeWriter { buffer, data, kind, maxchar, size, pos, min_length, min_char, overallocate, readonly };
    struct _PyUnicode_Name_CAPI { getname, getcode };
    // longobject.rs
    struct _PyLongValue = "struct _PyLongValue" { lv_tag, ob_digit };
    struct PyLongObject { ob_base, long_value };
    struct PyLongLayout { bits_per_digit, digit_size, digits_order, digit_endianness };
    struct PyLongExport { value, negative, ndigits, digits, _reserved };
    // floatobject.rs
    struct PyFloatObject { ob_base, ob_fval };
    // complexobject.rs
    struct Py_complex { real, imag };
    struct PyComplexObject { ob_base, cval };
    // bytesobject.rs
    struct PyBytesObject { ob_base, ob_shash, ob_sval };
    struct _PyBytesWriter {
        buffer, allocated, min_size, use_bytearray, overallocate, use_small_buffer, small_buffer
    };
    // bytearrayobject.rs
    struct PyByteArrayObject { ob_base, ob_alloc, ob_bytes, ob_start, ob_exports };
    // listobject.rs
    struct PyListObject { ob_base, ob_item, allocated };
    struct _PyListIterObject { ob_base, it_index, it_seq };
    // tupleobject.rs
    struct PyTupleObject { ob_base, ob_hash, ob_item };
    struct _PyTupleIterObject { ob_base, it_index, it_seq };
    // rangeobject.rs
    struct _PyRangeIterObject { ob_base, start, step, len };
    // dictobject.rs
    struct PyDictObject { ob_base, ma_used, _ma_watcher_tag, ma_keys, ma_values };
    struct PyDictKeysObject {
        dk_refcnt, dk_log2_size, dk_log2_index_bytes, dk_kind, dk_version, dk_usable, dk_nentries, dk_indices
    };
    struct PyDictValues { capacity, size, embedded, valid, values };
    struct PyDictKeyEntry { me_hash, me_key, me_value };
    struct PyDictUnicodeEntry { me_key, me_value };
    struct _PyDictViewObject { ob_base, dv_dict };
    union PyManagedDictPointer { dict };
    // setobject.rs
    struct setentry { key, hash };
    struct PySetObject { ob_base, fill, used, mask, table, hash, finger, smalltable, weakreflist };
    // sliceobject.rs
    struct PySliceObject { ob_base, start, stop, step };
    // pybuffer.rs
    struct Py_buffer { buf, obj, len, itemsize, readonly, ndim, format, shape, strides, suboffsets, internal };
    // memoryobject.rs
    struct _PyManagedBufferObject { ob_base, flags, exports, master };
    struct PyMemoryViewObject { ob_base, mbuf, hash, flags, exports, view, weakreflist, ob_array };
    // moduleobject.rs
    struct PyModuleDef_Base { ob_base, m_init, m_index, m_copy };
    struct PyModuleDef_Slot { slot, value };
    struct PyModuleDef { m_base, m_name, m_doc, m_size, m_methods, m_slots, m_traverse, m_clear, m_free };
    struct PyModuleObject { ob_base, md_dict, md_def, md_state, md_weaklist, md_name };
    // cellobject.rs
    struct PyCellObject { ob_base, ob_ref };
    // funcobject.rs
    struct PyFrameConstructor {
        fc_globals, fc_builtins, fc_name, fc_qualname, fc_code, fc_defaults, fc_kwdefaults, fc_closure
    };
    struct PyFunctionObject {
        ob_base, func_globals, func_builtins, func_name, func_qualname, func_code, func_defaults, func_kwdefaults,
        func_closure, func_doc, func_dict, func_weakreflist, func_module, func_annotations, func_annotate,
        func_typeparams, vectorcall, func_version
    };
    // classobject.rs
    struct PyMethodObject { ob_base, im_func, im_self, im_weakreflist, vectorcall };
    struct PyInstanceMethodObject { ob_base, func };
    // code.rs
    struct _PyCoCached { _co_code, _co_varnames, _co_cellvars, _co_freevars };
    struct _PyExecutorArray { size, capacity, executors };
    struct PyCodeObject {
        ob_base, co_consts, co_names, co_exceptiontable, co_flags, co_argcount, co_posonlyargcount,
        co_kwonlyargcount, co_stacksize, co_firstlineno, co_nlocalsplus, co_framesize, co_nlocals, co_ncellvars,
        co_nfreevars, co_version, co_localsplusnames, co_localspluskinds, co_filename, co_name, co_qualname,
        co_linetable, co_weakreflist, co_executors, _co_cached, _co_instrumentation_version, _co_monitoring,
        _co_unique_id, _co_firsttraceable, co_extra, co_code_adaptive
    };
    struct PyCodeAddressRange { ar_start, ar_end, ar_line, opaque };
    struct _opaque = "struct _opaque" { computed_line, lo_next, limit };
    struct _Py_CODEUNIT_op = "__typeof__(((_Py_CODEUNIT *)0)->op)" { code, arg };
    union _Py_CODEUNIT { cache, op, counter };
    struct _Py_BackoffCounter { value_and_backoff };
    struct _Py_LocalMonitors = "struct _Py_LocalMonitors" { tools };
    struct _Py_GlobalMonitors = "struct _Py_GlobalMonitors" { tools };
    struct _PyCoLineInstrumentationData { bytes_per_entry, data };
    struct _PyCoMonitoringData = "struct _PyCoMonitoringData" {
        local_monitors, active_monitors, tools, tool_versions, lines, line_tools, per_instruction_opcodes,
        per_instruction_tools
    };
    struct _PyAttrCache { counter, version, index };
    struct _PyLoadMethodCache { counter, type_version, keys_version, descr };
    struct _PyLoadGlobalCache { counter, module_keys_version, builtin_keys_version, index };
    struct _PyBinaryOpCache { counter, external_cache };
    struct _PyUnpackSequenceCache { counter };
    struct _PyCompareOpCache { counter };
    struct _PySuperAttrCache { counter };
    struct _PyCallCache { counter, func_version };
    struct _PyStoreSubscrCache { counter };
    struct _PyForIterCache { counter };
    struct _PySendCache { counter };
    struct _PyToBoolCache { counter, version };
    struct _PyContainsOpCache { counter };
    // frame.rs
    struct _PyStackRef { bits };
    struct _PyInterpreterFrame = "struct _PyInterpreterFrame" {
        f_executable, previous, f_funcobj, f_globals, f_builtins, f_locals, frame_obj, instr_ptr, stackpointer,
        return_offset, owner, visited, localsplus
    };
    struct PyFrameObject {
        ob_base, f_back, f_frame, f_trace, f_lineno, f_trace_lines, f_trace_opcodes, f_extra_locals, f_locals_cache,
        f_overwritten_fast_locals, _f_frame_data
    };
    struct PyFrameLocalsProxyObject { ob_base, frame };
    // genobject.rs
    struct PyGenObject {
        ob_base, gi_weakreflist, gi_name, gi_qualname, gi_exc_state, gi_origin_or_finalizer, gi_hooks_inited,
        gi_closed, gi_running_async, gi_frame_state, gi_iframe
    };
    struct PyCoroObject {
        ob_base, cr_weakreflist, cr_name, cr_qualname, cr_exc_state, cr_origin_or_finalizer, cr_hooks_inited,
        cr_closed, cr_running_async, cr_frame_state, cr_iframe
    };
    struct PyAsyncGenObject {
        ob_base, ag_weakreflist, ag_name, ag_qualname, ag_exc_state, ag_origin_or_finalizer, ag_hooks_inited,
        ag_closed, ag_running_async, ag_frame_state, ag_iframe
    };
    // pyerrors.rs
    struct PyBaseExceptionObject { ob_base, dict, args, notes, traceback, context, cause, suppress_context };
    struct PyBaseExceptionGroupObject {
        ob_base, dict, args, notes, traceback, context, cause, suppress_context, msg, excs, excs_str
    };
    struct PySyntaxErrorObject {
        ob_base, dict, args, notes, traceback, context, cause, suppress_context, msg, filename, lineno, offset,
        end_lineno, end_offset, text, print_file_and_line, metadata
    };
    struct PyImportErrorObject {
        ob_base, dict, args, notes, traceback, context, cause, suppress_context, msg, name, path, name_from
    };
    struct PyUnicodeErrorObject {
        ob_base, dict, args, notes, traceback, context, cause, suppress_context, encoding, object, start, end,
        reason
    };
    struct PySystemExitObject { ob_base, dict, args, notes, traceback, context, cause, suppress_context, code };
    struct PyOSErrorObject {
        ob_base, dict, args, notes, traceback, context, cause, suppress_context, myerrno, strerror, filename,
        filename2, written
    };
    struct PyStopIterationObject { ob_base, dict, args, notes, traceback, context, cause, suppress_context, value };
    struct PyNameErrorObject { ob_base, dict, args, notes, traceback, context, cause, suppress_context, name };
    struct PyAttributeErrorObject {
        ob_base, dict, args, notes, traceback, context, cause, suppress_context, obj, name
    };
    // structseq.rs
    struct PyStructSequence_Field { name, doc };
    struct PyStructSequence_Desc { name, doc, fields, n_in_sequence };
    // weakrefobject.rs
    struct PyWeakReference { ob_base, wr_object, wr_callback, hash, wr_prev, wr_next, vectorcall };
    // datetime.rs
    struct PyDateTime_Delta { ob_base, hashcode, days, seconds, microseconds };
    struct PyDateTime_TZInfo { ob_base };
    struct _PyDateTime_BaseTZInfo { ob_base, hashcode, hastzinfo };
    struct _PyDateTime_BaseTime { ob_base, hashcode, hastzinfo, data };
    struct PyDateTime_Time { ob_base, hashcode, hastzinfo, data, fold, tzinfo };
    struct PyDateTime_Date { ob_base, hashcode, hastzinfo, data };
    struct _PyDateTime_BaseDateTime { ob_base, hashcode, hastzinfo, data };
    struct PyDateTime_DateTime { ob_base, hashcode, hastzinfo, data, fold, tzinfo };
    struct PyDateTime_CAPI {
        DateType, DateTimeType, TimeType, DeltaType, TZInfoType, TimeZone_UTC, Date_FromDate,
        DateTime_FromDateAndTime, Time_FromTime, Delta_FromDelta, TimeZone_FromTimeZone, DateTime_FromTimestamp,
        Date_FromTimestamp, DateTime_FromDateAndTimeAndFold, Time_FromTimeAndFold
    };
    // pystate.rs
    struct _PyErr_StackItem { exc_value, previous_item };
    struct _PyStackChunk { previous, size, top, data };
    struct _PyRemoteDebuggerSupport { debugger_pending_call, debugger_script_path };
    struct PyThreadState {
        prev, next, interp, eval_breaker, _status, holds_gil, _whence, state, py_recursion_remaining,
        py_recursion_limit, recursion_headroom, tracing, what_event, current_frame, c_profilefunc, c_tracefunc,
        c_profileobj, c_traceobj, current_exception, exc_info, dict, gilstate_counter, async_exc, thread_id,
        native_thread_id, delete_later, critical_section, coroutine_origin_tracking_depth, async_gen_firstiter,
        async_gen_finalizer, context, context_ver, id, datastack_chunk, datastack_top, datastack_limit, exc_state,
        current_executor, dict_global_version, threading_local_key, threading_local_sentinel,
        remote_debugger_support, datastack_cached_chunk
    };
    struct llist_node = "struct llist_node" { next, prev };
    struct _PyThreadStateImpl {
        base, refcount, c_stack_top, c_stack_soft_limit, c_stack_hard_limit, asyncio_running_loop,
        asyncio_running_task, asyncio_tasks_head, qsbr, mem_free_queue, c_stack_init_base, c_stack_init_top
    };
    // gc.rs
    struct PyGC_Head { _gc_next, _gc_prev };
    struct gc_generation = "struct gc_generation" { head, threshold, count };
    struct gc_collection_stats = "struct gc_collection_stats" { collected, uncollectable };
    struct gc_generation_stats = "struct gc_generation_stats" { collections, collected, uncollectable };
    // contextobject.rs
    struct PyContext { ob_base, ctx_prev, ctx_vars, ctx_weakreflist, ctx_entered };
    struct PyContextVar { ob_base, var_name, var_default, var_cached, var_cached_tsid, var_cached_tsver, var_hash };
    struct PyContextToken { ob_base, tok_ctx, tok_var, tok_oldval, tok_used };
    struct PyHamtNode { ob_base };
    struct PyHamtObject { ob_base, h_root, h_weakreflist, h_count };
    struct PyHamtNode_Bitmap { ob_base, b_bitmap, b_array };
    // traceback.rs
    struct PyTracebackObject { ob_base, tb_next, tb_frame, tb_lasti, tb_lineno };
    // debug_offsets.rs
    struct _runtime_state = "struct _runtime_state" { size, finalizing, interpreters_head };
    struct _interpreter_state = "struct _interpreter_state" {
        size, id, next, threads_head, threads_main, gc, imports_modules, sysdict, builtins, ceval_gil,
        gil_runtime_state, gil_runtime_state_enabled, gil_runtime_state_locked, gil_runtime_state_holder,
        code_object_generation, tlbc_generation
    };
    struct _thread_state = "struct _thread_state" {
        size, prev, next, interp, current_frame, thread_id, native_thread_id, datastack_chunk, status
    };
    struct _interpreter_frame = "struct _interpreter_frame" {
        size, previous, executable, instr_ptr, localsplus, owner, stackpointer, tlbc_index
    };
    struct _code_object = "struct _code_object" {
        size, filename, name, qualname, linetable, firstlineno, argcount, localsplusnames, localspluskinds,
        co_code_adaptive, co_tlbc
    };
    struct _pyobject = "struct _pyobject" { size, ob_type };
    struct _type_object = "struct _type_object" { size, tp_name, tp_repr, tp_flags };
    struct _tuple_object = "struct _tuple_object" { size, ob_item, ob_size };
    struct _list_object = "struct _list_object" { size, ob_item, ob_size };
    struct _set_object = "struct _set_object" { size, used, table, mask };
    struct _dict_object = "struct _dict_object" { size, ma_keys, ma_values };
    struct _float_object = "struct _float_object" { size, ob_fval };
    struct _long_object = "struct _long_object" { size, lv_tag, ob_digit };
    struct _bytes_object = "struct _bytes_object" { size, ob_size, ob_sval };
    struct _unicode_object = "struct _unicode_object" { size, state, length, asciiobject_size };
    struct _gc = "struct _gc" { size, collecting };
    struct _gen_object = "struct _gen_object" { size, gi_name, gi_iframe, gi_frame_state };
    struct _llist_node = "struct _llist_node" { next, prev };
    struct _debugger_support = "struct _debugger_support" {
        eval_breaker, remote_debugger_support, remote_debugging_enabled, debugger_pending_call,
        debugger_script_path, debugger_script_path_size
    };
    struct _Py_DebugOffsets = "struct _Py_DebugOffsets" {
        cookie, version, free_threaded, runtime_state, interpreter_state, thread_state, interpreter_frame,
        code_object, pyobject, type_object, tuple_object, list_object, set_object, dict_object, float_object,
        long_object, bytes_object, unicode_object, gc, gen_object, llist_node, debugger_support
    };
    // initconfig.rs
    struct PyStatus { _type, func, err_msg, exitcode };
    struct PyWideStringList { length, items };
    struct PyPreConfig {
        _config_init, parse_argv, isolated, use_environment, configure_locale, coerce_c_locale,
        coerce_c_locale_warn, utf8_mode, dev_mode, allocator
    };
    struct PyConfig {
        _config_init, isolated, use_environment, dev_mode, install_signal_handlers, use_hash_seed, hash_seed,
        faulthandler, tracemalloc, perf_profiling, remote_debug, import_time, code_debug_ranges, show_ref_count,
        dump_refs, dump_refs_file, malloc_stats, filesystem_encoding, filesystem_errors, pycache_prefix, parse_argv,
        orig_argv, argv, xoptions, warnoptions, site_import, bytes_warning, warn_default_encoding, inspect,
        interactive, optimization_level, parser_debug, write_bytecode, verbose, quiet, user_site_directory,
        configure_c_stdio, buffered_stdio, stdio_encoding, stdio_errors, check_hash_pycs_mode, use_frozen_modules,
        safe_path, int_max_str_digits, thread_inherit_context, context_aware_warnings, cpu_count,
        pathconfig_warnings, program_name, pythonpath_env, home, platlibdir, module_search_paths_set,
        module_search_paths, stdlib_dir, executable, base_executable, prefix, base_prefix, exec_prefix,
        base_exec_prefix, skip_source_first_line, run_command, run_module, run_filename, sys_path_0,
        _install_importlib, _init_main, _is_python_build
    };
    struct PyInterpreterConfig {
        use_main_obmalloc, allow_fork, allow_exec, allow_threads, allow_daemon_threads,
        check_multi_interp_extensions, gil
    };
    // pyhash.rs
    struct PyHash_FuncDef { hash, name, hash_bits, seed_bits };
    struct _Py_HashSecret_t_fnv = "__typeof__(((_Py_HashSecret_t *)0)->fnv)" { prefix, suffix };
    struct _Py_HashSecret_t_siphash = "__typeof__(((_Py_HashSecret_t *)0)->siphash)" { k0, k1 };
    struct _Py_HashSecret_t_djbx33a = "__typeof__(((_Py_HashSecret_t *)0)->djbx33a)" { padding, suffix };
    struct _Py_HashSecret_t_expat = "__typeof__(((_Py_HashSecret_t *)0)->expat)" { hashsalt16, hashsalt };
    union _Py_HashSecret_t { uc, fnv, siphash, djbx33a, expat };
    // pymem.rs
    struct PyMemAllocatorEx { ctx, malloc, calloc, realloc, free };
    struct PyObjectArenaAllocator { ctx, alloc, free };
    // pytime.rs
    struct _Py_clock_info_t { implementation, monotonic, adjustable, resolution };
    struct _PyTimeFraction { numer, denom };
    // lock.rs
    struct PyMutex = "struct PyMutex" { _bits };
    struct PyEvent { v };
    struct _PyOnceFlag { v };
    struct _PyRecursiveMutex { mutex, thread, level };
    struct _PyRWMutex { bits };
    struct _PySeqLock { sequence };
    // pythread.rs
    struct Py_tss_t { _is_initialized, _key };
    // compile.rs
    struct PyCompilerFlags { cf_flags, cf_feature_version };
    // import.rs
    struct _inittab = "struct _inittab" { name, initfunc };
    struct _frozen = "struct _frozen" { name, code, size, is_package };
    // modsupport.rs
    struct _PyArg_Parser {
        format, keywords, fname, custom_msg, once, is_kwtuple_owned, pos, min, max, kwtuple, next
    };
    // monitoring.rs
    struct PyMonitoringState { active, opaque };
}

constants! {
    // object.rs
    PYGEN_RETURN, PYGEN_ERROR, PYGEN_NEXT, PyRefTracer_CREATE, PyRefTracer_DESTROY, PY_SSIZE_T_MAX, PY_SSIZE_T_MIN,
    _PyObject_MIN_ALIGNMENT, Py_PRINT_RAW, Py_CONSTANT_NONE, Py_CONSTANT_FALSE, Py_CONSTANT_TRUE,
    Py_CONSTANT_ELLIPSIS, Py_CONSTANT_NOT_IMPLEMENTED, Py_CONSTANT_ZERO, Py_CONSTANT_ONE, Py_CONSTANT_EMPTY_STR,
    Py_CONSTANT_EMPTY_BYTES, Py_CONSTANT_EMPTY_TUPLE, Py_LT, Py_LE, Py_EQ, Py_NE, Py_GT, Py_GE,
    _Py_STATICALLY_ALLOCATED_FLAG, _Py_IMMORTAL_FLAGS, _Py_IMMORTAL_INITIAL_REFCNT, _Py_IMMORTAL_MINIMUM_REFCNT,
    _Py_STATIC_FLAG_BITS, _Py_STATIC_IMMORTAL_INITIAL_REFCNT, PY_VECTORCALL_ARGUMENTS_OFFSET,
    // typeobject.rs
    _Py_TPFLAGS_STATIC_BUILTIN, Py_TPFLAGS_INLINE_VALUES, Py_TPFLAGS_MANAGED_WEAKREF, Py_TPFLAGS_MANAGED_DICT,
    Py_TPFLAGS_PREHEADER, Py_TPFLAGS_SEQUENCE, Py_TPFLAGS_MAPPING, Py_TPFLAGS_DISALLOW_INSTANTIATION,
    Py_TPFLAGS_IMMUTABLETYPE, Py_TPFLAGS_HEAPTYPE, Py_TPFLAGS_BASETYPE, Py_TPFLAGS_HAVE_VECTORCALL,
    _Py_TPFLAGS_HAVE_VECTORCALL, Py_TPFLAGS_READY, Py_TPFLAGS_READYING, Py_TPFLAGS_HAVE_GC,
    Py_TPFLAGS_HAVE_STACKLESS_EXTENSION, Py_TPFLAGS_METHOD_DESCRIPTOR, Py_TPFLAGS_VALID_VERSION_TAG,
    Py_TPFLAGS_IS_ABSTRACT, _Py_TPFLAGS_MATCH_SELF, Py_TPFLAGS_ITEMS_AT_END, Py_TPFLAGS_LONG_SUBCLASS,
    Py_TPFLAGS_LIST_SUBCLASS, Py_TPFLAGS_TUPLE_SUBCLASS, Py_TPFLAGS_BYTES_SUBCLASS, Py_TPFLAGS_UNICODE_SUBCLASS,
    Py_TPFLAGS_DICT_SUBCLASS, Py_TPFLAGS_BASE_EXC_SUBCLASS, Py_TPFLAGS_TYPE_SUBCLASS, Py_TPFLAGS_DEFAULT,
    Py_TPFLAGS_HAVE_FINALIZE, Py_TPFLAGS_HAVE_VERSION_TAG, _Py_ATTR_CACHE_UNUSED, Py_bf_getbuffer,
    Py_bf_releasebuffer, Py_mp_ass_subscript, Py_mp_length, Py_mp_subscript, Py_nb_absolute, Py_nb_add, Py_nb_and,
    Py_nb_bool, Py_nb_divmod, Py_nb_float, Py_nb_floor_divide, Py_nb_index, Py_nb_inplace_add, Py_nb_inplace_and,
    Py_nb_inplace_floor_divide, Py_nb_inplace_lshift, Py_nb_inplace_multiply, Py_nb_inplace_or, Py_nb_inplace_power,
    Py_nb_inplace_remainder, Py_nb_inplace_rshift, Py_nb_inplace_subtract, Py_nb_inplace_true_divide,
    Py_nb_inplace_xor, Py_nb_int, Py_nb_invert, Py_nb_lshift, Py_nb_multiply, Py_nb_negative, Py_nb_or,
    Py_nb_positive, Py_nb_power, Py_nb_remainder, Py_nb_rshift, Py_nb_subtract, Py_nb_true_divide, Py_nb_xor,
    Py_sq_ass_item, Py_sq_concat, Py_sq_contains, Py_sq_inplace_concat, Py_sq_inplace_repeat, Py_sq_item,
    Py_sq_length, Py_sq_repeat, Py_tp_alloc, Py_tp_base, Py_tp_bases, Py_tp_call, Py_tp_clear, Py_tp_dealloc,
    Py_tp_del, Py_tp_descr_get, Py_tp_descr_set, Py_tp_doc, Py_tp_getattr, Py_tp_getattro, Py_tp_hash, Py_tp_init,
    Py_tp_is_gc, Py_tp_iter, Py_tp_iternext, Py_tp_methods, Py_tp_new, Py_tp_repr, Py_tp_richcompare, Py_tp_setattr,
    Py_tp_setattro, Py_tp_str, Py_tp_traverse, Py_tp_members, Py_tp_getset, Py_tp_free, Py_nb_matrix_multiply,
    Py_nb_inplace_matrix_multiply, Py_am_await, Py_am_aiter, Py_am_anext, Py_tp_finalize, Py_am_send,
    Py_tp_vectorcall, Py_tp_token,
    // methodobject.rs
    METH_VARARGS, METH_KEYWORDS, METH_NOARGS, METH_O, METH_CLASS, METH_STATIC, METH_COEXIST, METH_FASTCALL,
    METH_STACKLESS, METH_METHOD,
    // descrobject.rs
    Py_T_SHORT, Py_T_INT, Py_T_LONG, Py_T_FLOAT, Py_T_DOUBLE, Py_T_STRING, _Py_T_OBJECT, Py_T_CHAR, Py_T_BYTE,
    Py_T_UBYTE, Py_T_USHORT, Py_T_UINT, Py_T_ULONG, Py_T_STRING_INPLACE, Py_T_BOOL, Py_T_OBJECT_EX, Py_T_LONGLONG,
    Py_T_ULONGLONG, Py_T_PYSSIZET, _Py_T_NONE, Py_READONLY, Py_AUDIT_READ, _Py_WRITE_RESTRICTED, Py_RELATIVE_OFFSET,
    PyWrapperFlag_KEYWORDS, T_SHORT, T_INT, T_LONG, T_FLOAT, T_DOUBLE, T_STRING, T_OBJECT, T_CHAR, T_BYTE, T_UBYTE,
    T_USHORT, T_UINT, T_ULONG, T_STRING_INPLACE, T_BOOL, T_OBJECT_EX, T_LONGLONG, T_ULONGLONG, T_PYSSIZET, T_NONE,
    READONLY, PY_AUDIT_READ, READ_RESTRICTED, PY_WRITE_RESTRICTED, RESTRICTED,
    // unicodeobject.rs
    PyUnicode_1BYTE_KIND, PyUnicode_2BYTE_KIND, PyUnicode_4BYTE_KIND, Py_UNICODE_REPLACEMENT_CHARACTER,
    SSTATE_NOT_INTERNED, SSTATE_INTERNED_MORTAL, SSTATE_INTERNED_IMMORTAL, SSTATE_INTERNED_IMMORTAL_STATIC,
    // longobject.rs
    Py_ASNATIVEBYTES_DEFAULTS, Py_ASNATIVEBYTES_BIG_ENDIAN, Py_ASNATIVEBYTES_LITTLE_ENDIAN,
    Py_ASNATIVEBYTES_NATIVE_ENDIAN, Py_ASNATIVEBYTES_UNSIGNED_BUFFER, Py_ASNATIVEBYTES_REJECT_NEGATIVE,
    Py_ASNATIVEBYTES_ALLOW_INDEX, PyLong_SHIFT, _PyLong_DECIMAL_SHIFT, _PyLong_DECIMAL_BASE, PyLong_BASE, PyLong_MASK,
    _PyLong_SIGN_MASK, _PyLong_NON_SIZE_BITS, _PY_NSMALLPOSINTS, _PY_NSMALLNEGINTS, _PY_LONG_DEFAULT_MAX_STR_DIGITS,
    _PY_LONG_MAX_STR_DIGITS_THRESHOLD, SIGN_MASK, SIGN_ZERO, SIGN_NEGATIVE, NON_SIZE_BITS, IMMORTALITY_BIT_MASK,
    // floatobject.rs
    _py_float_format_unknown, _py_float_format_ieee_big_endian, _py_float_format_ieee_little_endian, Py_DTSF_SIGN,
    Py_DTSF_ADD_DOT_0, Py_DTSF_ALT, Py_DTSF_NO_NEG_0, Py_DTST_FINITE, Py_DTST_INFINITE, Py_DTST_NAN,
    // dictobject.rs
    PyDict_EVENT_ADDED, PyDict_EVENT_MODIFIED, PyDict_EVENT_DELETED, PyDict_EVENT_CLONED, PyDict_EVENT_CLEARED,
    PyDict_EVENT_DEALLOCATED, DICT_KEYS_GENERAL, DICT_KEYS_UNICODE, DICT_KEYS_SPLIT, DICT_MAX_WATCHERS,
    DICT_WATCHED_MUTATION_BITS, MANAGED_DICT_OFFSET, MANAGED_WEAKREF_OFFSET, DKIX_EMPTY, DKIX_DUMMY, DKIX_ERROR,
    DKIX_KEY_CHANGED, SHARED_KEYS_MAX_SIZE, NEXT_LOG2_SHARED_KEYS_MAX_SIZE, DICT_VERSION_INCREMENT, DICT_WATCHER_MASK,
    DICT_WATCHER_AND_MODIFICATION_MASK, DICT_UNIQUE_ID_SHIFT, DICT_UNIQUE_ID_MAX, DICT_MERGE, DICT_UPDATE,
    // setobject.rs
    PySet_MINSIZE,
    // pybuffer.rs
    PyBUF_MAX_NDIM, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBUF_WRITEABLE, PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES,
    PyBUF_C_CONTIGUOUS, PyBUF_F_CONTIGUOUS, PyBUF_ANY_CONTIGUOUS, PyBUF_INDIRECT, PyBUF_CONTIG, PyBUF_CONTIG_RO,
    PyBUF_STRIDED, PyBUF_STRIDED_RO, PyBUF_RECORDS, PyBUF_RECORDS_RO, PyBUF_FULL, PyBUF_FULL_RO, PyBUF_READ,
    PyBUF_WRITE,
    // memoryobject.rs
    _Py_MANAGED_BUFFER_RELEASED, _Py_MANAGED_BUFFER_FREE_FORMAT, _Py_MEMORYVIEW_RELEASED, _Py_MEMORYVIEW_C,
    _Py_MEMORYVIEW_FORTRAN, _Py_MEMORYVIEW_SCALAR, _Py_MEMORYVIEW_PIL, _Py_MEMORYVIEW_RESTRICTED,
    // moduleobject.rs
    Py_mod_create, Py_mod_exec, Py_mod_multiple_interpreters, Py_mod_gil, _Py_mod_LAST_SLOT,
    // funcobject.rs
    PyFunction_EVENT_CREATE, PyFunction_EVENT_DESTROY, PyFunction_EVENT_MODIFY_CODE, PyFunction_EVENT_MODIFY_DEFAULTS,
    PyFunction_EVENT_MODIFY_KWDEFAULTS, FUNC_MAX_WATCHERS, FUNC_VERSION_CACHE_SIZE, FUNC_VERSION_UNSET,
    FUNC_VERSION_CLEARED, FUNC_VERSION_FIRST_VALID,
    // code.rs
    PY_CODE_EVENT_CREATE, PY_CODE_EVENT_DESTROY, PY_CODE_LOCATION_INFO_SHORT0, PY_CODE_LOCATION_INFO_ONE_LINE0,
    PY_CODE_LOCATION_INFO_ONE_LINE1, PY_CODE_LOCATION_INFO_ONE_LINE2, PY_CODE_LOCATION_INFO_NO_COLUMNS,
    PY_CODE_LOCATION_INFO_LONG, PY_CODE_LOCATION_INFO_NONE, PY_MONITORING_EVENT_PY_START,
    PY_MONITORING_EVENT_PY_RESUME, PY_MONITORING_EVENT_PY_RETURN, PY_MONITORING_EVENT_PY_YIELD,
    PY_MONITORING_EVENT_CALL, PY_MONITORING_EVENT_LINE, PY_MONITORING_EVENT_INSTRUCTION, PY_MONITORING_EVENT_JUMP,
    PY_MONITORING_EVENT_BRANCH_LEFT, PY_MONITORING_EVENT_BRANCH_RIGHT, PY_MONITORING_EVENT_STOP_ITERATION,
    PY_MONITORING_EVENT_RAISE, PY_MONITORING_EVENT_EXCEPTION_HANDLED, PY_MONITORING_EVENT_PY_UNWIND,
    PY_MONITORING_EVENT_PY_THROW, PY_MONITORING_EVENT_RERAISE, PY_MONITORING_EVENT_C_RETURN,
    PY_MONITORING_EVENT_C_RAISE, PY_MONITORING_EVENT_BRANCH, CO_OPTIMIZED, CO_NEWLOCALS, CO_VARARGS, CO_VARKEYWORDS,
    CO_NESTED, CO_GENERATOR, CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR, CO_FUTURE_DIVISION,
    CO_FUTURE_ABSOLUTE_IMPORT, CO_FUTURE_WITH_STATEMENT, CO_FUTURE_PRINT_FUNCTION, CO_FUTURE_UNICODE_LITERALS,
    CO_FUTURE_BARRY_AS_BDFL, CO_FUTURE_GENERATOR_STOP, CO_FUTURE_ANNOTATIONS, CO_NO_MONITORING_EVENTS,
    CO_HAS_DOCSTRING, CO_METHOD, CO_MAXBLOCKS, INLINE_CACHE_ENTRIES_LOAD_GLOBAL, INLINE_CACHE_ENTRIES_BINARY_OP,
    INLINE_CACHE_ENTRIES_UNPACK_SEQUENCE, INLINE_CACHE_ENTRIES_COMPARE_OP, INLINE_CACHE_ENTRIES_LOAD_SUPER_ATTR,
    INLINE_CACHE_ENTRIES_LOAD_ATTR, INLINE_CACHE_ENTRIES_STORE_ATTR, INLINE_CACHE_ENTRIES_CALL,
    INLINE_CACHE_ENTRIES_CALL_KW, INLINE_CACHE_ENTRIES_STORE_SUBSCR, INLINE_CACHE_ENTRIES_FOR_ITER,
    INLINE_CACHE_ENTRIES_SEND, INLINE_CACHE_ENTRIES_TO_BOOL, INLINE_CACHE_ENTRIES_CONTAINS_OP, CO_FAST_ARG_POS,
    CO_FAST_ARG_KW, CO_FAST_ARG_VAR, CO_FAST_ARG, CO_FAST_HIDDEN, CO_FAST_LOCAL, CO_FAST_CELL, CO_FAST_FREE,
    COMPARISON_UNORDERED, COMPARISON_LESS_THAN, COMPARISON_GREATER_THAN, COMPARISON_EQUALS, COMPARISON_NOT_EQUALS,
    CODE_MAX_WATCHERS, PY_MONITORING_DEBUGGER_ID, PY_MONITORING_COVERAGE_ID, PY_MONITORING_PROFILER_ID,
    PY_MONITORING_OPTIMIZER_ID, PY_MONITORING_SYS_PROFILE_ID, PY_MONITORING_SYS_TRACE_ID, PY_MONITORING_TOOL_IDS,
    _PY_MONITORING_LOCAL_EVENTS, _PY_MONITORING_UNGROUPED_EVENTS, _PY_MONITORING_EVENTS,
    // frame.rs
    FRAME_OWNED_BY_THREAD, FRAME_OWNED_BY_GENERATOR, FRAME_OWNED_BY_FRAME_OBJECT, FRAME_OWNED_BY_INTERPRETER,
    FRAME_OWNED_BY_CSTACK, FRAME_CREATED, FRAME_SUSPENDED, FRAME_SUSPENDED_YIELD_FROM, FRAME_EXECUTING,
    FRAME_COMPLETED, FRAME_CLEARED, PyUnstable_EXECUTABLE_KIND_SKIP, PyUnstable_EXECUTABLE_KIND_PY_FUNCTION,
    PyUnstable_EXECUTABLE_KIND_BUILTIN_FUNCTION, PyUnstable_EXECUTABLE_KIND_METHOD_DESCRIPTOR,
    PyUnstable_EXECUTABLE_KINDS, Py_INT_TAG, Py_TAG_REFCNT, Py_TAG_BITS, PyStackRef_NULL_BITS, FRAME_SPECIALS_SIZE,
    // datetime.rs
    _PyDateTime_DATE_DATASIZE, _PyDateTime_TIME_DATASIZE, _PyDateTime_DATETIME_DATASIZE,
    // pystate.rs
    PyGILState_LOCKED, PyGILState_UNLOCKED, MAX_CO_EXTRA_USERS, PyTrace_CALL, PyTrace_EXCEPTION, PyTrace_LINE,
    PyTrace_RETURN, PyTrace_C_CALL, PyTrace_C_EXCEPTION, PyTrace_C_RETURN, PyTrace_OPCODE, _Py_MAX_SCRIPT_PATH_SIZE,
    _PyThreadState_WHENCE_NOTSET, _PyThreadState_WHENCE_UNKNOWN, _PyThreadState_WHENCE_INIT,
    _PyThreadState_WHENCE_FINI, _PyThreadState_WHENCE_THREADING, _PyThreadState_WHENCE_GILSTATE,
    _PyThreadState_WHENCE_EXEC, _PyOS_LOG2_STACK_MARGIN, _PyOS_STACK_MARGIN, _PyOS_STACK_MARGIN_BYTES,
    _PyOS_STACK_MARGIN_SHIFT, _PY_GIL_DROP_REQUEST_BIT, _PY_SIGNALS_PENDING_BIT, _PY_CALLS_TO_DO_BIT,
    _PY_ASYNC_EXCEPTION_BIT, _PY_GC_SCHEDULED_BIT, _PY_EVAL_PLEASE_STOP_BIT, _PY_EVAL_EXPLICIT_MERGE_BIT,
    _PY_EVAL_JIT_INVALIDATE_COLD_BIT, _PY_EVAL_EVENTS_BITS, _PY_EVAL_EVENTS_MASK,
    // gc.rs
    _Py_GC_REASON_HEAP, _Py_GC_REASON_SHUTDOWN, _Py_GC_REASON_MANUAL, NUM_GENERATIONS, _PyGC_PREV_MASK_FINALIZED,
    _PyGC_PREV_MASK_COLLECTING, _PyGC_PREV_SHIFT, _PyGC_PREV_MASK, _PyGC_DEBUG_STATS, _PyGC_DEBUG_COLLECTABLE,
    _PyGC_DEBUG_UNCOLLECTABLE, _PyGC_DEBUG_SAVEALL, _PyGC_DEBUG_LEAK,
    // contextobject.rs
    Py_CONTEXT_SWITCHED,
    // debug_offsets.rs
    _Py_Debug_gilruntimestate_enabled, _Py_Debug_Free_Threaded, _Py_Debug_code_object_co_tlbc,
    _Py_Debug_interpreter_frame_tlbc_index, _Py_Debug_interpreter_state_tlbc_generation,
    // initconfig.rs
    _PyConfig_INIT_COMPAT, _PyConfig_INIT_PYTHON, _PyConfig_INIT_ISOLATED, PyInterpreterConfig_DEFAULT_GIL,
    PyInterpreterConfig_SHARED_GIL, PyInterpreterConfig_OWN_GIL, _PyStatus_TYPE_OK, _PyStatus_TYPE_ERROR,
    _PyStatus_TYPE_EXIT, _PyConfig_GIL_DEFAULT, _PyConfig_GIL_DISABLE, _PyConfig_GIL_ENABLE,
    // pyhash.rs
    Py_HASH_CUTOFF, Py_HASH_EXTERNAL, Py_HASH_SIPHASH24, Py_HASH_FNV, Py_HASH_SIPHASH13, Py_HASH_ALGORITHM,
    PyHASH_MULTIPLIER, PyHASH_BITS, PyHASH_MODULUS, PyHASH_INF, PyHASH_IMAG, _PyHASH_MULTIPLIER, _PyHASH_BITS,
    _PyHASH_MODULUS, _PyHASH_INF, _PyHASH_IMAG,
    // pymem.rs
    PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM, PYMEM_DOMAIN_OBJ, PYMEM_ALLOCATOR_NOT_SET, PYMEM_ALLOCATOR_DEFAULT,
    PYMEM_ALLOCATOR_DEBUG, PYMEM_ALLOCATOR_MALLOC, PYMEM_ALLOCATOR_MALLOC_DEBUG, PYMEM_ALLOCATOR_PYMALLOC,
    PYMEM_ALLOCATOR_PYMALLOC_DEBUG, PYMEM_ALLOCATOR_MIMALLOC, PYMEM_ALLOCATOR_MIMALLOC_DEBUG,
    // pytime.rs
    _PyTime_ROUND_FLOOR, _PyTime_ROUND_CEILING, _PyTime_ROUND_HALF_EVEN, _PyTime_ROUND_UP, _PyTime_ROUND_TIMEOUT,
    PyTime_MIN, PyTime_MAX,
    // lock.rs
    _Py_LOCK_DONT_DETACH, _PY_LOCK_DETACH, _PY_LOCK_HANDLE_SIGNALS, PY_LOCK_FAILURE, PY_LOCK_ACQUIRED, PY_LOCK_INTR,
    _Py_UNLOCKED, _Py_LOCKED, _Py_HAS_PARKED, _Py_ONCE_INITIALIZED, _Py_CRITICAL_SECTION_INACTIVE,
    _Py_CRITICAL_SECTION_TWO_MUTEXES, _Py_CRITICAL_SECTION_MASK,
    // pythread.rs
    WAIT_LOCK, NOWAIT_LOCK, PYTHREAD_INVALID_THREAD_ID,
    // compile.rs
    Py_single_input, Py_file_input, Py_eval_input, Py_func_type_input, PyCF_MASK, PyCF_MASK_OBSOLETE,
    PyCF_SOURCE_IS_UTF8, PyCF_DONT_IMPLY_DEDENT, PyCF_ONLY_AST, PyCF_IGNORE_COOKIE, PyCF_TYPE_COMMENTS,
    PyCF_ALLOW_TOP_LEVEL_AWAIT, PyCF_ALLOW_INCOMPLETE_INPUT, PyCF_OPTIMIZED_AST, PyCF_COMPILE_MASK,
    // modsupport.rs
    Py_CLEANUP_SUPPORTED, PYTHON_API_VERSION, PYTHON_ABI_VERSION,
    // marshal.rs
    PYC_MAGIC_NUMBER, PYC_MAGIC_NUMBER_TOKEN, Py_MARSHAL_VERSION,
    // patchlevel.rs
    PY_RELEASE_LEVEL_ALPHA, PY_RELEASE_LEVEL_BETA, PY_RELEASE_LEVEL_GAMMA, PY_RELEASE_LEVEL_FINAL, PY_MAJOR_VERSION,
    PY_MINOR_VERSION, PY_MICRO_VERSION, PY_RELEASE_LEVEL, PY_RELEASE_SERIAL, PY_VERSION_HEX,
    // ceval.rs
    FVC_MASK, FVC_NONE, FVC_STR, FVC_REPR, FVC_ASCII, MAKE_FUNCTION_DEFAULTS, MAKE_FUNCTION_KWDEFAULTS,
    MAKE_FUNCTION_ANNOTATIONS, MAKE_FUNCTION_CLOSURE, MAKE_FUNCTION_ANNOTATE, CONSTANT_ASSERTIONERROR,
    CONSTANT_NOTIMPLEMENTEDERROR, CONSTANT_BUILTIN_TUPLE, CONSTANT_BUILTIN_ALL, CONSTANT_BUILTIN_ANY,
    NUM_COMMON_CONSTANTS, RESUME_AT_FUNC_START, RESUME_AFTER_YIELD, RESUME_AFTER_YIELD_FROM, RESUME_AFTER_AWAIT,
    RESUME_OPARG_LOCATION_MASK, RESUME_OPARG_DEPTH1_MASK, SPECIAL___ENTER__, SPECIAL___EXIT__, SPECIAL___AENTER__,
    SPECIAL___AEXIT__, SPECIAL_MAX, INTRINSIC_1_INVALID, INTRINSIC_PRINT, INTRINSIC_IMPORT_STAR,
    INTRINSIC_STOPITERATION_ERROR, INTRINSIC_ASYNC_GEN_WRAP, INTRINSIC_UNARY_POSITIVE, INTRINSIC_LIST_TO_TUPLE,
    INTRINSIC_TYPEVAR, INTRINSIC_PARAMSPEC, INTRINSIC_TYPEVARTUPLE, INTRINSIC_SUBSCRIPT_GENERIC, INTRINSIC_TYPEALIAS,
    MAX_INTRINSIC_1, INTRINSIC_2_INVALID, INTRINSIC_PREP_RERAISE_STAR, INTRINSIC_TYPEVAR_WITH_BOUND,
    INTRINSIC_TYPEVAR_WITH_CONSTRAINTS, INTRINSIC_SET_FUNCTION_TYPE_PARAMS, INTRINSIC_SET_TYPEPARAM_DEFAULT,
    MAX_INTRINSIC_2, NB_ADD, NB_AND, NB_FLOOR_DIVIDE, NB_LSHIFT, NB_MATRIX_MULTIPLY, NB_MULTIPLY, NB_REMAINDER, NB_OR,
    NB_POWER, NB_RSHIFT, NB_SUBTRACT, NB_TRUE_DIVIDE, NB_XOR, NB_INPLACE_ADD, NB_INPLACE_AND, NB_INPLACE_FLOOR_DIVIDE,
    NB_INPLACE_LSHIFT, NB_INPLACE_MATRIX_MULTIPLY, NB_INPLACE_MULTIPLY, NB_INPLACE_REMAINDER, NB_INPLACE_OR,
    NB_INPLACE_POWER, NB_INPLACE_RSHIFT, NB_INPLACE_SUBTRACT, NB_INPLACE_TRUE_DIVIDE, NB_INPLACE_XOR, NB_SUBSCR,
    NB_OPARG_LAST,
}

/// Structs that no header shows: an expression of Python whose type (or which itself) has that `__basicsize__`.
pub const BASIC_SIZES: &[(&str, &str, usize)] = &[
    ("seqiterobject", "iter(type('S', (), {'__getitem__': None})())", size_of::<seqiterobject>()),
    ("calliterobject", "iter(int, 1)", size_of::<calliterobject>()),
    ("_PyEnumObject", "enumerate('')", size_of::<_PyEnumObject>()),
    ("reversedobject", "reversed('')", size_of::<reversedobject>()),
    ("_PyRangeObject", "range(0)", size_of::<_PyRangeObject>()),
    ("longrangeiterobject", "iter(range(10**30))", size_of::<longrangeiterobject>()),
    ("gaobject", "list[int]", size_of::<gaobject>()),
    ("gaiterobject", "iter(list[int])", size_of::<gaiterobject>()),
    ("_PyUnionObject", "int | str", size_of::<_PyUnionObject>()),
    ("_PyNamespaceObject", "sys.implementation", size_of::<_PyNamespaceObject>()),
    ("PyODictObject", "collections.OrderedDict()", size_of::<PyODictObject>()),
    ("mappingproxyobject", "int.__dict__", size_of::<mappingproxyobject>()),
    ("wrapperobject", "''.__add__", size_of::<wrapperobject>()),
    ("classmethod", "classmethod(None)", size_of::<classmethod>()),
    ("staticmethod", "staticmethod(None)", size_of::<staticmethod>()),
    ("PyCapsule", "types.CapsuleType", size_of::<PyCapsule>()),
    ("dictiterobject", "iter({})", size_of::<dictiterobject>()),
    ("setiterobject", "iter(set())", size_of::<setiterobject>()),
    ("unicodeiterobject", "iter('')", size_of::<unicodeiterobject>()),
    ("striterobject", "iter(b'')", size_of::<striterobject>()),
    ("bytesiterobject", "iter(bytearray())", size_of::<bytesiterobject>()),
    ("listreviterobject", "reversed([])", size_of::<listreviterobject>()),
    ("memoryiterobject", "iter(memoryview(b''))", size_of::<memoryiterobject>()),
    ("superobject", "super(int, 1)", size_of::<superobject>()),
    ("_PyTemplateObject", "t''", size_of::<_PyTemplateObject>()),
    ("_PyInterpolationObject", "t'{0}'.interpolations[0]", size_of::<_PyInterpolationObject>()),
    ("PyPickleBufferObject", "pickle.PickleBuffer(b'')", size_of::<PyPickleBufferObject>()),
    ("filterobject", "filter(None, '')", size_of::<filterobject>()),
    ("mapobject", "map(int, '')", size_of::<mapobject>()),
    ("zipobject", "zip()", size_of::<zipobject>()),
];
