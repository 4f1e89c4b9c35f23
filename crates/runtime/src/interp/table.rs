//! The instruction table: which body executes which number, and what stands in when its guard fails.
//!
//! `fast NAME: BASE = body, miss HANDLER`, `calling` of the same form, and `slow NAME: BASE = body` define handlers; BASE gives the length. A name that
//! is no instruction of the table is only ever reached as the fallback of another.

use std::sync::OnceLock;

use taipan_compiler::opcode::{CACHES, Opcode};

use super::dispatch::{Act, Flow, Regs};
use super::frame::{self, Frame};
#[cfg(any(match_driver, debug_assertions, miri))]
use super::matched::{Handler, extended_arg, instructions};
use super::monitoring::fire;
use super::monitoring::{event, install};
use super::ops::*;
use super::specialize;
use super::stackref::StackRef;
#[cfg(not(any(match_driver, debug_assertions, miri)))]
use super::tail::{Handler, extended_arg, instructions, start, start_raised};
use crate::abi::{_Py_CODEUNIT, PyCodeObject, PyThreadState};
use crate::prelude::*;

instructions! {
    fast NOP: NOP = load_store::nop, miss BAD;
    fast NOT_TAKEN: NOT_TAKEN = load_store::nop, miss BAD;
    fast RESUME: RESUME = control::resume_first, miss RESUME_SLOW;
    fast RESUME_CHECK: RESUME = control::resume, miss RESUME_SLOW;
    slow RESUME_SLOW: RESUME = control::resume_slow;
    slow BAD: NOP = control::not_reachable;
    slow INTERPRETER_EXIT: NOP = control::interpreter_exit;

    fast LOAD_FAST: LOAD_FAST = load_store::load_fast, miss BAD;
    fast LOAD_FAST_BORROW: LOAD_FAST_BORROW = load_store::load_fast_borrow, miss BAD;
    fast LOAD_FAST_LOAD_FAST: LOAD_FAST_LOAD_FAST = load_store::load_fast_load_fast, miss BAD;
    fast LOAD_FAST_BORROW_LOAD_FAST_BORROW: LOAD_FAST_BORROW_LOAD_FAST_BORROW = load_store::load_fast_borrow_load_fast_borrow, miss BAD;
    fast LOAD_FAST_CHECK: LOAD_FAST_CHECK = load_store::load_fast_check, miss LOAD_FAST_UNBOUND;
    slow LOAD_FAST_UNBOUND: LOAD_FAST_CHECK = load_store::load_fast_check_unbound;
    fast LOAD_FAST_AND_CLEAR: LOAD_FAST_AND_CLEAR = load_store::load_fast_and_clear, miss BAD;
    fast STORE_FAST: STORE_FAST = load_store::store_fast, miss BAD;
    fast STORE_FAST_LOAD_FAST: STORE_FAST_LOAD_FAST = load_store::store_fast_load_fast, miss BAD;
    fast STORE_FAST_STORE_FAST: STORE_FAST_STORE_FAST = load_store::store_fast_store_fast, miss STORE_FAST_STORE_FAST_SLOW;
    slow STORE_FAST_STORE_FAST_SLOW: STORE_FAST_STORE_FAST = load_store::store_fast_store_fast_slow;
    fast DELETE_FAST: DELETE_FAST = load_store::delete_fast, miss LOAD_FAST_UNBOUND;
    slow LOAD_CONST: LOAD_CONST = load_store::load_const_adaptive;
    fast LOAD_CONST_IMMORTAL: LOAD_CONST = load_store::load_const, miss BAD;
    fast LOAD_CONST_MORTAL: LOAD_CONST = load_store::load_const, miss BAD;
    fast LOAD_CONST_INT: LOAD_CONST = load_store::load_const_int, miss BAD;
    fast LOAD_SMALL_INT: LOAD_SMALL_INT = load_store::load_small_int, miss BAD;
    fast PUSH_NULL: PUSH_NULL = load_store::push_null, miss BAD;
    fast POP_TOP: POP_TOP = load_store::pop_top, miss BAD;
    fast COPY: COPY = load_store::copy, miss BAD;
    fast SWAP: SWAP = load_store::swap, miss BAD;
    slow MAKE_CELL: MAKE_CELL = load_store::make_cell;
    slow COPY_FREE_VARS: COPY_FREE_VARS = load_store::copy_free_vars;
    fast LOAD_DEREF: LOAD_DEREF = load_store::load_deref, miss LOAD_DEREF_UNBOUND;
    slow LOAD_DEREF_UNBOUND: LOAD_DEREF = load_store::load_deref_unbound;
    slow STORE_DEREF: STORE_DEREF = load_store::store_deref;
    slow DELETE_DEREF: DELETE_DEREF = load_store::delete_deref;
    slow LOAD_FROM_DICT_OR_DEREF: LOAD_FROM_DICT_OR_DEREF = load_store::load_from_dict_or_deref;
    slow LOAD_FROM_DICT_OR_GLOBALS: LOAD_FROM_DICT_OR_GLOBALS = load_store::load_from_dict_or_globals;
    slow LOAD_NAME: LOAD_NAME = load_store::load_name;
    slow STORE_NAME: STORE_NAME = load_store::store_name;
    slow DELETE_NAME: DELETE_NAME = load_store::delete_name;
    slow LOAD_GLOBAL: LOAD_GLOBAL = load_store::load_global;
    fast LOAD_GLOBAL_MODULE: LOAD_GLOBAL = load_store::load_global_module, miss LOAD_GLOBAL;
    fast LOAD_GLOBAL_BUILTIN: LOAD_GLOBAL = load_store::load_global_builtin, miss LOAD_GLOBAL;
    slow STORE_GLOBAL: STORE_GLOBAL = load_store::store_global;
    slow DELETE_GLOBAL: DELETE_GLOBAL = load_store::delete_global;
    slow LOAD_LOCALS: LOAD_LOCALS = load_store::load_locals;
    slow LOAD_BUILD_CLASS: LOAD_BUILD_CLASS = load_store::load_build_class;
    slow LOAD_COMMON_CONSTANT: LOAD_COMMON_CONSTANT = load_store::load_common_constant;
    slow SETUP_ANNOTATIONS: SETUP_ANNOTATIONS = load_store::setup_annotations;

    slow BINARY_OP: BINARY_OP = arith::binary_op;
    fast BINARY_OP_ADD_INT: BINARY_OP = arith::add_int, miss ADD_INT_MIXED;
    fast ADD_INT_MIXED: BINARY_OP = arith::add_int_mixed, miss BINARY_OP;
    fast BINARY_OP_SUBTRACT_INT: BINARY_OP = arith::subtract_int, miss SUBTRACT_INT_MIXED;
    fast SUBTRACT_INT_MIXED: BINARY_OP = arith::subtract_int_mixed, miss BINARY_OP;
    fast BINARY_OP_MULTIPLY_INT: BINARY_OP = arith::multiply_int, miss MULTIPLY_INT_MIXED;
    fast MULTIPLY_INT_MIXED: BINARY_OP = arith::multiply_int_mixed, miss MULTIPLY_INT_WIDE;
    calling MULTIPLY_INT_WIDE: BINARY_OP = arith::multiply_int_wide, miss BINARY_OP;
    fast BINARY_OP_REMAINDER_INT: BINARY_OP = arith::remainder_int, miss REMAINDER_INT_MIXED;
    fast REMAINDER_INT_MIXED: BINARY_OP = arith::remainder_int_mixed, miss BINARY_OP;
    fast BINARY_OP_FLOOR_DIVIDE_INT: BINARY_OP = arith::floor_divide_int, miss FLOOR_DIVIDE_INT_MIXED;
    fast FLOOR_DIVIDE_INT_MIXED: BINARY_OP = arith::floor_divide_int_mixed, miss BINARY_OP;
    fast BINARY_OP_AND_INT: BINARY_OP = arith::and_int, miss AND_INT_MIXED;
    fast AND_INT_MIXED: BINARY_OP = arith::and_int_mixed, miss BINARY_OP;
    fast BINARY_OP_OR_INT: BINARY_OP = arith::or_int, miss OR_INT_MIXED;
    fast OR_INT_MIXED: BINARY_OP = arith::or_int_mixed, miss BINARY_OP;
    fast BINARY_OP_XOR_INT: BINARY_OP = arith::xor_int, miss XOR_INT_MIXED;
    fast XOR_INT_MIXED: BINARY_OP = arith::xor_int_mixed, miss BINARY_OP;
    fast BINARY_OP_LSHIFT_INT: BINARY_OP = arith::lshift_int, miss LSHIFT_INT_MIXED;
    fast LSHIFT_INT_MIXED: BINARY_OP = arith::lshift_int_mixed, miss BINARY_OP;
    fast BINARY_OP_RSHIFT_INT: BINARY_OP = arith::rshift_int, miss RSHIFT_INT_MIXED;
    fast RSHIFT_INT_MIXED: BINARY_OP = arith::rshift_int_mixed, miss BINARY_OP;
    fast BINARY_OP_ADD_FLOAT: BINARY_OP = arith::add_float, miss BINARY_OP;
    fast BINARY_OP_SUBTRACT_FLOAT: BINARY_OP = arith::subtract_float, miss BINARY_OP;
    fast BINARY_OP_MULTIPLY_FLOAT: BINARY_OP = arith::multiply_float, miss BINARY_OP;
    fast BINARY_OP_TRUE_DIVIDE_FLOAT: BINARY_OP = arith::true_divide_float, miss BINARY_OP;
    slow BINARY_OP_ADD_UNICODE: BINARY_OP = arith::add_unicode;
    slow BINARY_OP_INPLACE_ADD_UNICODE: BINARY_OP = arith::inplace_add_unicode;
    fast BINARY_OP_SUBSCR_LIST_INT: BINARY_OP = subscript::subscr_list_int, miss SUBSCR_LIST_INT_MIXED;
    fast SUBSCR_LIST_INT_MIXED: BINARY_OP = subscript::subscr_list_int_mixed, miss SUBSCR_LIST_INT_SLOW;
    slow SUBSCR_LIST_INT_SLOW: BINARY_OP = subscript::subscr_list_int_slow;
    fast BINARY_OP_SUBSCR_TUPLE_INT: BINARY_OP = subscript::subscr_tuple_int, miss SUBSCR_TUPLE_INT_MIXED;
    fast SUBSCR_TUPLE_INT_MIXED: BINARY_OP = subscript::subscr_tuple_int_mixed, miss SUBSCR_TUPLE_INT_SLOW;
    slow SUBSCR_TUPLE_INT_SLOW: BINARY_OP = subscript::subscr_tuple_int_slow;
    fast BINARY_OP_SUBSCR_STR_INT: BINARY_OP = subscript::subscr_str_int, miss SUBSCR_STR_INT_ANY;
    slow SUBSCR_STR_INT_ANY: BINARY_OP = subscript::subscr_str_int_any;
    fast BINARY_OP_SUBSCR_GETITEM: BINARY_OP = subscript::subscr_getitem, miss BINARY_OP;
    fast BINARY_OP_SUBSCR_BYTES_INT: BINARY_OP = subscript::subscr_bytes_int, miss BINARY_OP;
    fast BINARY_OP_SUBSCR_DICT: BINARY_OP = subscript::subscr_dict_plain, miss SUBSCR_DICT_ANY;
    slow SUBSCR_DICT_ANY: BINARY_OP = subscript::subscr_dict;
    slow STORE_SUBSCR: STORE_SUBSCR = subscript::store_subscr;
    fast STORE_SUBSCR_LIST_INT: STORE_SUBSCR = subscript::store_subscr_list_int, miss STORE_SUBSCR_LIST_INT_MIXED;
    fast STORE_SUBSCR_LIST_INT_MIXED: STORE_SUBSCR = subscript::store_subscr_list_int_mixed, miss STORE_SUBSCR_LIST_INT_SLOW;
    slow STORE_SUBSCR_LIST_INT_SLOW: STORE_SUBSCR = subscript::store_subscr_list_int_slow;
    fast STORE_SUBSCR_DICT: STORE_SUBSCR = subscript::store_subscr_dict_plain, miss STORE_SUBSCR_DICT_ANY;
    slow STORE_SUBSCR_DICT_ANY: STORE_SUBSCR = subscript::store_subscr_dict;
    slow DELETE_SUBSCR: DELETE_SUBSCR = subscript::delete_subscr;
    slow BINARY_SLICE: BINARY_SLICE = subscript::binary_slice;
    slow STORE_SLICE: STORE_SLICE = subscript::store_slice;
    fast UNARY_NEGATIVE: UNARY_NEGATIVE = arith::unary_negative_int, miss UNARY_NEGATIVE_SLOW;
    slow UNARY_NEGATIVE_SLOW: UNARY_NEGATIVE = arith::unary_negative;
    slow UNARY_INVERT: UNARY_INVERT = arith::unary_invert;
    fast UNARY_NOT: UNARY_NOT = arith::unary_not, miss BAD;
    slow TO_BOOL: TO_BOOL = arith::to_bool;
    fast TO_BOOL_BOOL: TO_BOOL = arith::to_bool_bool, miss TO_BOOL;
    fast TO_BOOL_INT: TO_BOOL = arith::to_bool_int, miss TO_BOOL_INT_MIXED;
    fast TO_BOOL_INT_MIXED: TO_BOOL = arith::to_bool_int_mixed, miss TO_BOOL;
    fast TO_BOOL_NONE: TO_BOOL = arith::to_bool_none, miss TO_BOOL;
    fast TO_BOOL_LIST: TO_BOOL = arith::to_bool_list, miss TO_BOOL;
    fast TO_BOOL_STR: TO_BOOL = arith::to_bool_str, miss TO_BOOL;
    fast TO_BOOL_TABLE: TO_BOOL = arith::to_bool_table, miss TO_BOOL;
    fast TO_BOOL_ALWAYS_TRUE: TO_BOOL = arith::to_bool_always_true, miss TO_BOOL;
    slow CONVERT_VALUE: CONVERT_VALUE = arith::convert_value;
    slow FORMAT_SIMPLE: FORMAT_SIMPLE = arith::format_simple;
    slow FORMAT_WITH_SPEC: FORMAT_WITH_SPEC = arith::format_with_spec;

    slow COMPARE_OP: COMPARE_OP = compare::compare_op;
    fast COMPARE_OP_INT: COMPARE_OP = compare::compare_op_int, miss COMPARE_INT_MIXED;
    fast COMPARE_INT_MIXED: COMPARE_OP = compare::compare_op_int_mixed, miss COMPARE_OP;
    fast COMPARE_OP_FLOAT: COMPARE_OP = compare::compare_op_float, miss COMPARE_FLOAT_MIXED;
    fast COMPARE_FLOAT_MIXED: COMPARE_OP = compare::compare_op_float_mixed, miss COMPARE_OP;
    fast COMPARE_OP_STR: COMPARE_OP = compare::compare_op_str, miss COMPARE_STR_ANY;
    slow COMPARE_STR_ANY: COMPARE_OP = compare::compare_op_str_slow;
    fast IS_OP: IS_OP = compare::is_op, miss IS_OP_SLOW;
    slow IS_OP_SLOW: IS_OP = compare::is_op_slow;
    slow CONTAINS_OP: CONTAINS_OP = compare::contains_op;
    fast CONTAINS_OP_DICT: CONTAINS_OP = compare::contains_op_dict_plain, miss CONTAINS_OP_DICT_ANY;
    slow CONTAINS_OP_DICT_ANY: CONTAINS_OP = compare::contains_op_dict;
    fast CONTAINS_OP_SET: CONTAINS_OP = compare::contains_op_set_str, miss CONTAINS_OP_SET_PLAIN;
    fast CONTAINS_OP_SET_PLAIN: CONTAINS_OP = compare::contains_op_set_plain, miss CONTAINS_OP_SET_ANY;
    slow CONTAINS_OP_SET_ANY: CONTAINS_OP = compare::contains_op_set;

    fast JUMP_FORWARD: JUMP_FORWARD = control::jump_forward, miss BAD;
    fast JUMP_BACKWARD: JUMP_BACKWARD = control::jump_backward_first, miss JUMP_BACKWARD_SLOW;
    fast JUMP_BACKWARD_NO_JIT: JUMP_BACKWARD = control::jump_backward, miss JUMP_BACKWARD_SLOW;
    slow JUMP_BACKWARD_SLOW: JUMP_BACKWARD = control::jump_backward_slow;
    fast JUMP_BACKWARD_NO_INTERRUPT: JUMP_BACKWARD_NO_INTERRUPT = control::jump_backward_no_interrupt, miss BAD;
    fast POP_JUMP_IF_FALSE: POP_JUMP_IF_FALSE = control::pop_jump_if_false, miss BAD;
    fast POP_JUMP_IF_TRUE: POP_JUMP_IF_TRUE = control::pop_jump_if_true, miss BAD;
    fast POP_JUMP_IF_NONE: POP_JUMP_IF_NONE = control::pop_jump_if_none, miss BAD;
    fast POP_JUMP_IF_NOT_NONE: POP_JUMP_IF_NOT_NONE = control::pop_jump_if_not_none, miss BAD;
    fast RETURN_VALUE: RETURN_VALUE = control::return_value, miss RETURN_GENERATOR_VALUE;
    fast RETURN_GENERATOR_VALUE: RETURN_VALUE = control::return_generator_value, miss RETURN_VALUE_SLOW;
    slow RETURN_VALUE_SLOW: RETURN_VALUE = control::return_value_slow;

    slow CALL: CALL = call::call;
    fast CALL_PY_EXACT_ARGS: CALL = call::call_py_exact_args, miss CALL;
    fast CALL_BOUND_METHOD_EXACT_ARGS: CALL = call::call_bound_method_exact_args, miss CALL;
    fast CALL_PY_DEFAULTS: CALL = call::call_py_defaults, miss CALL;
    slow CALL_PY_GENERAL: CALL = call::call_py_general;
    fast CALL_LIST_APPEND: CALL = call::call_list_append, miss CALL_LIST_APPEND_GROW;
    calling CALL_LIST_APPEND_GROW: CALL = call::call_list_append_grow, miss CALL;
    fast CALL_LIST_POP: CALL = call::call_list_pop, miss CALL;
    fast CALL_DICT_GET: CALL = call::call_dict_get, miss CALL_METHOD_PLAIN;
    fast CALL_SET_ADD: CALL = call::call_set_add, miss CALL_METHOD_PLAIN;
    slow CALL_METHOD_PLAIN: CALL = call::call_builtin;
    fast CALL_LEN: CALL = call::call_len, miss CALL_LEN_ANY;
    calling CALL_LEN_ANY: CALL = call::call_len_any, miss CALL;
    calling CALL_ISINSTANCE: CALL = call::call_isinstance, miss CALL;
    slow CALL_STR_1: CALL = call::call_str_1;
    fast CALL_TYPE_1: CALL = call::call_type_1, miss CALL;
    calling CALL_BUILTIN_O: CALL = call::call_builtin_o, miss CALL;
    calling CALL_BUILTIN_FAST: CALL = call::call_builtin_vector::<false>, miss CALL;
    calling CALL_BUILTIN_FAST_WITH_KEYWORDS: CALL = call::call_builtin_vector::<true>, miss CALL;
    calling CALL_BUILTIN_CLASS: CALL = call::call_builtin_class, miss CALL;
    calling CALL_METHOD_DESCRIPTOR_NOARGS: CALL = call::call_method_noargs, miss CALL;
    calling CALL_METHOD_DESCRIPTOR_O: CALL = call::call_method_o, miss CALL;
    calling CALL_METHOD_DESCRIPTOR_FAST: CALL = call::call_method_vector::<false>, miss CALL;
    calling CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS: CALL = call::call_method_vector::<true>, miss CALL;
    calling CALL_NON_PY_GENERAL: CALL = call::call_non_py, miss CALL;
    slow CALL_BUILTIN: CALL = call::call_builtin;
    calling CALL_ALLOC_AND_ENTER_INIT: CALL = call::call_alloc_and_enter_init, miss CALL_ALLOC_AND_ENTER_INIT_ANY;
    slow CALL_ALLOC_AND_ENTER_INIT_ANY: CALL = call::call_alloc_and_enter_init_any;
    slow CALL_KW: CALL_KW = call::call_kw;
    slow CALL_FUNCTION_EX: CALL_FUNCTION_EX = call::call_function_ex;
    slow CALL_INTRINSIC_1: CALL_INTRINSIC_1 = intrinsic::call_intrinsic_1;
    slow CALL_INTRINSIC_2: CALL_INTRINSIC_2 = intrinsic::call_intrinsic_2;

    slow LOAD_ATTR: LOAD_ATTR = attr::load_attr;
    fast LOAD_ATTR_INSTANCE_VALUE: LOAD_ATTR = attr::load_attr_instance_value, miss LOAD_ATTR;
    fast LOAD_ATTR_SLOT: LOAD_ATTR = attr::load_attr_slot, miss LOAD_ATTR;
    fast LOAD_ATTR_MODULE: LOAD_ATTR = attr::load_attr_module, miss LOAD_ATTR;
    fast LOAD_ATTR_WITH_HINT: LOAD_ATTR = attr::load_attr_with_hint, miss LOAD_ATTR;
    fast LOAD_ATTR_CLASS: LOAD_ATTR = attr::load_attr_class, miss LOAD_ATTR;
    fast LOAD_ATTR_METHOD_WITH_VALUES: LOAD_ATTR = attr::load_attr_method_with_values, miss LOAD_ATTR;
    fast LOAD_ATTR_METHOD_NO_DICT: LOAD_ATTR = attr::load_attr_method_no_dict, miss LOAD_ATTR;
    fast LOAD_ATTR_METHOD_LAZY_DICT: LOAD_ATTR = attr::load_attr_method_lazy_dict, miss LOAD_ATTR;
    fast LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES: LOAD_ATTR = attr::load_attr_nondescriptor_with_values, miss LOAD_ATTR;
    fast LOAD_ATTR_NONDESCRIPTOR_NO_DICT: LOAD_ATTR = attr::load_attr_nondescriptor_no_dict, miss LOAD_ATTR;
    fast LOAD_ATTR_PROPERTY: LOAD_ATTR = attr::load_attr_property, miss LOAD_ATTR_PROPERTY_SLOW;
    slow LOAD_ATTR_PROPERTY_SLOW: LOAD_ATTR = attr::load_attr_property_slow;
    calling LOAD_ATTR_DESCRIPTOR: LOAD_ATTR = attr::load_attr_descriptor, miss LOAD_ATTR;
    slow LOAD_SUPER_ATTR: LOAD_SUPER_ATTR = attr::load_super_attr;
    slow LOAD_SPECIAL: LOAD_SPECIAL = attr::load_special;
    slow STORE_ATTR: STORE_ATTR = attr::store_attr;
    fast STORE_ATTR_INSTANCE_VALUE: STORE_ATTR = attr::store_attr_instance_value, miss STORE_ATTR;
    fast STORE_ATTR_SLOT: STORE_ATTR = attr::store_attr_slot, miss STORE_ATTR;
    slow DELETE_ATTR: DELETE_ATTR = attr::delete_attr;

    fast BUILD_TUPLE: BUILD_TUPLE = build::build_tuple_free, miss BUILD_TUPLE_NEW;
    slow BUILD_TUPLE_NEW: BUILD_TUPLE = build::build_tuple;
    calling BUILD_LIST: BUILD_LIST = build::build_list, miss BUILD_LIST_ANY;
    slow BUILD_LIST_ANY: BUILD_LIST = build::build_list_any;
    slow BUILD_SET: BUILD_SET = build::build_set;
    slow BUILD_MAP: BUILD_MAP = build::build_map;
    slow BUILD_STRING: BUILD_STRING = build::build_string;
    slow BUILD_SLICE: BUILD_SLICE = build::build_slice;
    slow BUILD_TEMPLATE: BUILD_TEMPLATE = build::build_template;
    slow BUILD_INTERPOLATION: BUILD_INTERPOLATION = build::build_interpolation;
    fast LIST_APPEND: LIST_APPEND = build::list_append, miss LIST_APPEND_SLOW;
    slow LIST_APPEND_SLOW: LIST_APPEND = build::list_append_slow;
    slow LIST_EXTEND: LIST_EXTEND = build::list_extend;
    fast SET_ADD: SET_ADD = build::set_add_plain, miss SET_ADD_ANY;
    slow SET_ADD_ANY: SET_ADD = build::set_add;
    slow SET_UPDATE: SET_UPDATE = build::set_update;
    fast MAP_ADD: MAP_ADD = build::map_add_plain, miss MAP_ADD_ANY;
    slow MAP_ADD_ANY: MAP_ADD = build::map_add;
    slow DICT_UPDATE: DICT_UPDATE = build::dict_update;
    slow DICT_MERGE: DICT_MERGE = build::dict_merge;
    slow MAKE_FUNCTION: MAKE_FUNCTION = build::make_function;
    slow SET_FUNCTION_ATTRIBUTE: SET_FUNCTION_ATTRIBUTE = build::set_function_attribute;
    slow UNPACK_SEQUENCE: UNPACK_SEQUENCE = build::unpack_sequence;
    fast UNPACK_SEQUENCE_TWO_TUPLE: UNPACK_SEQUENCE = build::unpack_sequence_two_tuple, miss UNPACK_SEQUENCE;
    fast UNPACK_SEQUENCE_TUPLE: UNPACK_SEQUENCE = build::unpack_sequence_tuple, miss UNPACK_SEQUENCE;
    fast UNPACK_SEQUENCE_LIST: UNPACK_SEQUENCE = build::unpack_sequence_list, miss UNPACK_SEQUENCE;
    slow UNPACK_EX: UNPACK_EX = build::unpack_ex;
    slow GET_LEN: GET_LEN = build::get_len;

    slow GET_ITER: GET_ITER = iter::get_iter;
    calling FOR_ITER: FOR_ITER = iter::for_iter, miss FOR_ITER_ADAPT;
    slow FOR_ITER_ADAPT: FOR_ITER = iter::for_iter_adapt;
    fast FOR_ITER_RANGE: FOR_ITER = iter::for_iter_range, miss FOR_ITER;
    fast FOR_ITER_LIST: FOR_ITER = iter::for_iter_list, miss FOR_ITER;
    fast FOR_ITER_TUPLE: FOR_ITER = iter::for_iter_tuple, miss FOR_ITER;
    fast FOR_ITER_DICT: FOR_ITER = iter::for_iter_dict, miss FOR_ITER;
    fast FOR_ITER_STR: FOR_ITER = iter::for_iter_str, miss FOR_ITER;
    fast FOR_ITER_SET: FOR_ITER = iter::for_iter_set, miss FOR_ITER;
    calling FOR_ITER_ENUMERATE: FOR_ITER = iter::for_iter_enumerate, miss FOR_ITER;
    calling FOR_ITER_ZIP: FOR_ITER = iter::for_iter_zip, miss FOR_ITER;
    fast FOR_ITER_GEN: FOR_ITER = iter::for_iter_gen, miss FOR_ITER_GEN_SLOW;
    slow FOR_ITER_GEN_SLOW: FOR_ITER = iter::for_iter_gen_slow;
    fast END_FOR: END_FOR = iter::end_for, miss BAD;
    fast POP_ITER: POP_ITER = iter::end_for, miss BAD;
    slow GET_YIELD_FROM_ITER: GET_YIELD_FROM_ITER = iter::get_yield_from_iter;

    slow RETURN_GENERATOR: RETURN_GENERATOR = generator::return_generator;
    fast YIELD_VALUE: YIELD_VALUE = generator::yield_value, miss BAD;
    fast SEND: SEND = generator::send_gen, miss SEND_ANY;
    slow SEND_ANY: SEND = generator::send;
    fast END_SEND: END_SEND = generator::end_send, miss BAD;
    slow CLEANUP_THROW: CLEANUP_THROW = generator::cleanup_throw;
    fast GET_AWAITABLE: GET_AWAITABLE = generator::get_awaitable_coroutine, miss GET_AWAITABLE_ANY;
    slow GET_AWAITABLE_ANY: GET_AWAITABLE = generator::get_awaitable;
    slow GET_AITER: GET_AITER = generator::get_aiter;
    slow GET_ANEXT: GET_ANEXT = generator::get_anext;
    slow END_ASYNC_FOR: END_ASYNC_FOR = generator::end_async_for;

    slow PUSH_EXC_INFO: PUSH_EXC_INFO = except::push_exc_info;
    slow POP_EXCEPT: POP_EXCEPT = except::pop_except;
    slow CHECK_EXC_MATCH: CHECK_EXC_MATCH = except::check_exc_match;
    slow CHECK_EG_MATCH: CHECK_EG_MATCH = except::check_eg_match;
    slow RAISE_VARARGS: RAISE_VARARGS = except::raise_varargs;
    slow RERAISE: RERAISE = except::reraise;
    slow WITH_EXCEPT_START: WITH_EXCEPT_START = except::with_except_start;
    fast EXIT_INIT_CHECK: EXIT_INIT_CHECK = except::exit_init_check, miss EXIT_INIT_CHECK_SLOW;
    slow EXIT_INIT_CHECK_SLOW: EXIT_INIT_CHECK = except::exit_init_check_slow;

    slow IMPORT_NAME: IMPORT_NAME = import::import_name;
    slow IMPORT_FROM: IMPORT_FROM = import::import_from;

    fast MATCH_MAPPING: MATCH_MAPPING = pattern::match_mapping, miss BAD;
    fast MATCH_SEQUENCE: MATCH_SEQUENCE = pattern::match_sequence, miss BAD;
    slow MATCH_KEYS: MATCH_KEYS = pattern::match_keys;
    slow MATCH_CLASS: MATCH_CLASS = pattern::match_class;

    watched INSTRUMENTED_LINE: NOP = fire::line;
    watched INSTRUMENTED_INSTRUCTION: NOP = fire::instruction;
    slow INSTRUMENTED_RESUME: RESUME = instrumented::resume;
    slow INSTRUMENTED_RETURN_VALUE: RETURN_VALUE = instrumented::return_value;
    slow INSTRUMENTED_YIELD_VALUE: YIELD_VALUE = instrumented::yield_value;
    slow INSTRUMENTED_CALL: CALL = instrumented::call;
    slow INSTRUMENTED_CALL_KW: CALL_KW = instrumented::call_kw;
    slow INSTRUMENTED_CALL_FUNCTION_EX: CALL_FUNCTION_EX = instrumented::call_function_ex;
    slow INSTRUMENTED_LOAD_SUPER_ATTR: LOAD_SUPER_ATTR = instrumented::load_super_attr;
    slow INSTRUMENTED_JUMP_FORWARD: JUMP_FORWARD = instrumented::jump_forward;
    slow INSTRUMENTED_JUMP_BACKWARD: JUMP_BACKWARD = instrumented::jump_backward;
    slow INSTRUMENTED_POP_JUMP_IF_TRUE: POP_JUMP_IF_TRUE = instrumented::pop_jump_if_true;
    slow INSTRUMENTED_POP_JUMP_IF_FALSE: POP_JUMP_IF_FALSE = instrumented::pop_jump_if_false;
    slow INSTRUMENTED_POP_JUMP_IF_NONE: POP_JUMP_IF_NONE = instrumented::pop_jump_if_none;
    slow INSTRUMENTED_POP_JUMP_IF_NOT_NONE: POP_JUMP_IF_NOT_NONE = instrumented::pop_jump_if_not_none;
    slow INSTRUMENTED_NOT_TAKEN: NOT_TAKEN = instrumented::not_taken;
    slow INSTRUMENTED_FOR_ITER: FOR_ITER = instrumented::for_iter;
    slow INSTRUMENTED_POP_ITER: POP_ITER = instrumented::pop_iter;
    slow INSTRUMENTED_END_FOR: END_FOR = instrumented::end_for;
    slow INSTRUMENTED_END_SEND: END_SEND = instrumented::end_send;
    slow INSTRUMENTED_END_ASYNC_FOR: END_ASYNC_FOR = instrumented::end_async_for;
}

/// The cache units of an instruction.
pub const fn caches(base: Opcode) -> usize {
    CACHES[base as usize] as usize
}

macro_rules! entries {
    ($($name:ident)*) => { [$((Opcode::$name as u8, handlers::$name as Handler)),*] };
}

/// The instructions under CPython's numbers.
const CPYTHONS: &[(u8, Handler)] = &entries! {
    NOP NOT_TAKEN RESUME RESUME_CHECK INTERPRETER_EXIT
    LOAD_FAST LOAD_FAST_BORROW LOAD_FAST_LOAD_FAST LOAD_FAST_BORROW_LOAD_FAST_BORROW LOAD_FAST_CHECK LOAD_FAST_AND_CLEAR
    STORE_FAST STORE_FAST_LOAD_FAST STORE_FAST_STORE_FAST DELETE_FAST LOAD_CONST LOAD_CONST_IMMORTAL LOAD_CONST_MORTAL
    LOAD_SMALL_INT
    PUSH_NULL POP_TOP COPY SWAP MAKE_CELL COPY_FREE_VARS LOAD_DEREF STORE_DEREF DELETE_DEREF LOAD_FROM_DICT_OR_DEREF
    LOAD_FROM_DICT_OR_GLOBALS LOAD_NAME STORE_NAME DELETE_NAME LOAD_GLOBAL LOAD_GLOBAL_MODULE LOAD_GLOBAL_BUILTIN
    STORE_GLOBAL DELETE_GLOBAL LOAD_LOCALS LOAD_BUILD_CLASS LOAD_COMMON_CONSTANT SETUP_ANNOTATIONS
    BINARY_OP BINARY_OP_ADD_INT BINARY_OP_SUBTRACT_INT BINARY_OP_MULTIPLY_INT BINARY_OP_ADD_FLOAT
    BINARY_OP_SUBTRACT_FLOAT BINARY_OP_MULTIPLY_FLOAT BINARY_OP_ADD_UNICODE BINARY_OP_INPLACE_ADD_UNICODE
    BINARY_OP_SUBSCR_LIST_INT BINARY_OP_SUBSCR_TUPLE_INT BINARY_OP_SUBSCR_STR_INT BINARY_OP_SUBSCR_DICT
    BINARY_OP_SUBSCR_GETITEM
    STORE_SUBSCR STORE_SUBSCR_LIST_INT STORE_SUBSCR_DICT DELETE_SUBSCR BINARY_SLICE STORE_SLICE
    UNARY_NEGATIVE UNARY_INVERT UNARY_NOT TO_BOOL TO_BOOL_BOOL TO_BOOL_INT TO_BOOL_NONE TO_BOOL_LIST TO_BOOL_STR
    TO_BOOL_ALWAYS_TRUE CONVERT_VALUE FORMAT_SIMPLE FORMAT_WITH_SPEC
    COMPARE_OP COMPARE_OP_INT COMPARE_OP_FLOAT COMPARE_OP_STR IS_OP CONTAINS_OP CONTAINS_OP_DICT CONTAINS_OP_SET
    JUMP_FORWARD JUMP_BACKWARD JUMP_BACKWARD_NO_JIT JUMP_BACKWARD_NO_INTERRUPT POP_JUMP_IF_FALSE POP_JUMP_IF_TRUE
    POP_JUMP_IF_NONE POP_JUMP_IF_NOT_NONE RETURN_VALUE
    CALL CALL_PY_EXACT_ARGS CALL_BOUND_METHOD_EXACT_ARGS CALL_PY_GENERAL CALL_LIST_APPEND CALL_LEN CALL_TYPE_1 CALL_STR_1
    CALL_ISINSTANCE CALL_BUILTIN_O CALL_BUILTIN_FAST CALL_BUILTIN_FAST_WITH_KEYWORDS CALL_BUILTIN_CLASS
    CALL_METHOD_DESCRIPTOR_NOARGS CALL_METHOD_DESCRIPTOR_O CALL_METHOD_DESCRIPTOR_FAST
    CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS CALL_NON_PY_GENERAL
    CALL_ALLOC_AND_ENTER_INIT CALL_KW
    CALL_FUNCTION_EX CALL_INTRINSIC_1 CALL_INTRINSIC_2
    LOAD_ATTR LOAD_ATTR_INSTANCE_VALUE LOAD_ATTR_SLOT LOAD_ATTR_MODULE LOAD_ATTR_WITH_HINT LOAD_ATTR_CLASS
    LOAD_ATTR_METHOD_WITH_VALUES LOAD_ATTR_METHOD_NO_DICT LOAD_ATTR_METHOD_LAZY_DICT
    LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES LOAD_ATTR_NONDESCRIPTOR_NO_DICT LOAD_ATTR_PROPERTY LOAD_SUPER_ATTR
    LOAD_SPECIAL STORE_ATTR STORE_ATTR_INSTANCE_VALUE STORE_ATTR_SLOT DELETE_ATTR
    BUILD_TUPLE BUILD_LIST BUILD_SET BUILD_MAP BUILD_STRING BUILD_SLICE BUILD_TEMPLATE BUILD_INTERPOLATION LIST_APPEND
    LIST_EXTEND SET_ADD SET_UPDATE MAP_ADD DICT_UPDATE DICT_MERGE MAKE_FUNCTION SET_FUNCTION_ATTRIBUTE UNPACK_SEQUENCE
    UNPACK_SEQUENCE_TWO_TUPLE UNPACK_SEQUENCE_TUPLE UNPACK_SEQUENCE_LIST UNPACK_EX GET_LEN
    GET_ITER FOR_ITER FOR_ITER_RANGE FOR_ITER_LIST FOR_ITER_TUPLE FOR_ITER_GEN END_FOR POP_ITER GET_YIELD_FROM_ITER
    RETURN_GENERATOR YIELD_VALUE SEND END_SEND CLEANUP_THROW GET_AWAITABLE GET_AITER GET_ANEXT END_ASYNC_FOR
    PUSH_EXC_INFO POP_EXCEPT CHECK_EXC_MATCH CHECK_EG_MATCH RAISE_VARARGS RERAISE WITH_EXCEPT_START EXIT_INIT_CHECK
    IMPORT_NAME IMPORT_FROM MATCH_MAPPING MATCH_SEQUENCE MATCH_KEYS MATCH_CLASS
    INSTRUMENTED_LINE INSTRUMENTED_INSTRUCTION INSTRUMENTED_RESUME INSTRUMENTED_RETURN_VALUE INSTRUMENTED_YIELD_VALUE
    INSTRUMENTED_CALL INSTRUMENTED_CALL_KW INSTRUMENTED_CALL_FUNCTION_EX INSTRUMENTED_LOAD_SUPER_ATTR
    INSTRUMENTED_JUMP_FORWARD INSTRUMENTED_JUMP_BACKWARD INSTRUMENTED_POP_JUMP_IF_TRUE INSTRUMENTED_POP_JUMP_IF_FALSE
    INSTRUMENTED_POP_JUMP_IF_NONE INSTRUMENTED_POP_JUMP_IF_NOT_NONE INSTRUMENTED_NOT_TAKEN INSTRUMENTED_FOR_ITER
    INSTRUMENTED_POP_ITER INSTRUMENTED_END_FOR INSTRUMENTED_END_SEND INSTRUMENTED_END_ASYNC_FOR
};

/// The instructions of ours.
const OURS: &[(u8, Handler)] = &[
    (specialize::LOAD_CONST_INT, handlers::LOAD_CONST_INT),
    (specialize::BINARY_OP_REMAINDER_INT, handlers::BINARY_OP_REMAINDER_INT),
    (specialize::BINARY_OP_FLOOR_DIVIDE_INT, handlers::BINARY_OP_FLOOR_DIVIDE_INT),
    (specialize::BINARY_OP_AND_INT, handlers::BINARY_OP_AND_INT),
    (specialize::BINARY_OP_OR_INT, handlers::BINARY_OP_OR_INT),
    (specialize::BINARY_OP_XOR_INT, handlers::BINARY_OP_XOR_INT),
    (specialize::BINARY_OP_LSHIFT_INT, handlers::BINARY_OP_LSHIFT_INT),
    (specialize::BINARY_OP_RSHIFT_INT, handlers::BINARY_OP_RSHIFT_INT),
    (specialize::BINARY_OP_TRUE_DIVIDE_FLOAT, handlers::BINARY_OP_TRUE_DIVIDE_FLOAT),
    (specialize::BINARY_OP_SUBSCR_BYTES_INT, handlers::BINARY_OP_SUBSCR_BYTES_INT),
    (specialize::LOAD_ATTR_DESCRIPTOR, handlers::LOAD_ATTR_DESCRIPTOR),
    (specialize::CALL_PY_DEFAULTS, handlers::CALL_PY_DEFAULTS),
    (specialize::CALL_BUILTIN, handlers::CALL_BUILTIN),
    (specialize::CALL_LIST_POP, handlers::CALL_LIST_POP),
    (specialize::FOR_ITER_DICT, handlers::FOR_ITER_DICT),
    (specialize::FOR_ITER_STR, handlers::FOR_ITER_STR),
    (specialize::FOR_ITER_SET, handlers::FOR_ITER_SET),
    (specialize::CALL_DICT_GET, handlers::CALL_DICT_GET),
    (specialize::CALL_SET_ADD, handlers::CALL_SET_ADD),
    (specialize::FOR_ITER_ENUMERATE, handlers::FOR_ITER_ENUMERATE),
    (specialize::FOR_ITER_ZIP, handlers::FOR_ITER_ZIP),
    (specialize::TO_BOOL_TABLE, handlers::TO_BOOL_TABLE),
];

/// The dispatch table.
static HANDLERS: [Handler; 256] = {
    let mut table = [handlers::BAD as Handler; 256];
    let mut index = 0;
    while index < CPYTHONS.len() {
        table[CPYTHONS[index].0 as usize] = CPYTHONS[index].1;
        index += 1;
    }
    let mut index = 0;
    while index < OURS.len() {
        table[OURS[index].0 as usize] = OURS[index].1;
        index += 1;
    }
    table[Opcode::EXTENDED_ARG as usize] = extended_arg;
    table
};

/// The handler of an opcode below 256.
#[inline(always)]
pub unsafe fn handler(opcode: usize) -> Handler {
    // SAFETY: opcodes are bytes.
    unsafe { *HANDLERS.get_unchecked(opcode) }
}

/// Executes frames from `new` on until the bottom frame of the run gets a value (its bits) or an exception (NULL's).
///
/// # Safety
/// `new` is the current frame, above a bottom frame made by `call::run`.
pub unsafe fn execute(thread: *mut PyThreadState, new: *mut Frame) -> usize {
    // SAFETY: by contract.
    unsafe {
        let ip: *mut u16 = (*new).instr_ptr.get().cast();
        let word = *ip as usize;
        start(handler(word & 0xff), ip, frame::stack_pointer(new), new, thread, word >> 8)
    }
}

/// Continues at the handler of a raised exception in `new`, or at its callers': for `throw()` into a generator.
///
/// # Safety
/// As [`execute`], with an exception set.
pub unsafe fn execute_raised(thread: *mut PyThreadState, new: *mut Frame) -> usize {
    // SAFETY: by contract.
    unsafe {
        let ip = (*new).instr_ptr.get().cast();
        // The frame does not come by its RESUME.
        if (*thread).tracing.get() == 0 {
            if let Some(exception) = Raised::take_if_set() {
                match install::instrument(frame::code(new)) {
                    Ok(()) => {
                        let _ = Raised::restore(exception);
                    }
                    Err(_) => drop(exception),
                }
            }
            fire::fire_exception(thread, new, ip, event::PY_THROW);
        }
        start_raised(ip, frame::stack_pointer(new), new, thread)
    }
}

/// A value that returns or is yielded to the bottom frame of a run meets one of these.
static ENTRY: [u16; 8] = [Opcode::INTERPRETER_EXIT as u16; 8];

/// Where the bottom frame of a run stands.
pub fn entry_instructions() -> *mut _Py_CODEUNIT {
    ENTRY.as_ptr().cast_mut().cast()
}

/// The code object of bottom frames: no instructions of its own, and nothing that anyone reads but its head.
pub fn entry_code() -> *mut PyCodeObject {
    static CODE: OnceLock<usize> = OnceLock::new();
    *CODE.get_or_init(|| Box::leak(Box::new(PyCodeObject::ZERO)) as *mut PyCodeObject as usize) as *mut PyCodeObject
}
