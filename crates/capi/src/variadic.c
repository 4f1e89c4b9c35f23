/* The entry points with `...` or a `va_list`, which stable Rust cannot define.
 *
 * Each one puts its arguments behind a pointer and calls the Rust function of the same name in lower case, which reads them one by
 * one through the `taipan_va_*` functions. There is no logic here. */

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

typedef struct _object PyObject;
typedef ptrdiff_t Py_ssize_t;

/* A va_list that can be pointed to, whatever type it is. */
struct arguments {
    va_list list;
};

/* ---- what Rust reads them with ---- */

int taipan_va_int(struct arguments *arguments) { return va_arg(arguments->list, int); }
long taipan_va_long(struct arguments *arguments) { return va_arg(arguments->list, long); }
long long taipan_va_longlong(struct arguments *arguments) { return va_arg(arguments->list, long long); }
size_t taipan_va_size(struct arguments *arguments) { return va_arg(arguments->list, size_t); }
double taipan_va_double(struct arguments *arguments) { return va_arg(arguments->list, double); }
void *taipan_va_pointer(struct arguments *arguments) { return va_arg(arguments->list, void *); }

/* ---- how an entry point is written ---- */

/* FUNCTION(result, name, parameters with the last one before `...`, last parameter, call) */
#define FUNCTION(result, name, parameters, last, call) \
    result name parameters                             \
    {                                                  \
        struct arguments arguments;                    \
        va_start(arguments.list, last);                \
        result answer = call;                          \
        va_end(arguments.list);                        \
        return answer;                                 \
    }

/* The same for a function that is given a va_list called `list`. */
#define LIST_FUNCTION(result, name, parameters, call) \
    result name parameters                            \
    {                                                 \
        struct arguments arguments;                   \
        va_copy(arguments.list, list);                \
        result answer = call;                         \
        va_end(arguments.list);                       \
        return answer;                                \
    }

#define VOID_FUNCTION(name, parameters, last, call) \
    void name parameters                            \
    {                                               \
        struct arguments arguments;                 \
        va_start(arguments.list, last);             \
        call;                                       \
        va_end(arguments.list);                     \
    }

/* ---- modsupport.h: parsing ---- */

int taipan_arg_parse(PyObject *args, const char *format, int compatible, struct arguments *arguments);
int taipan_arg_parse_stack(PyObject *const *args, Py_ssize_t count, const char *format, struct arguments *arguments);
int taipan_arg_parse_keywords(PyObject *args, PyObject *keywords, const char *format, char *const *names,
                              struct arguments *arguments);
int taipan_arg_parse_fast(PyObject *args, PyObject *keywords, void *parser, struct arguments *arguments);
int taipan_arg_parse_stack_fast(PyObject *const *args, Py_ssize_t count, PyObject *names, void *parser,
                                struct arguments *arguments);
int taipan_arg_unpack_tuple(PyObject *args, const char *name, Py_ssize_t min, Py_ssize_t max,
                            struct arguments *arguments);

FUNCTION(int, PyArg_Parse, (PyObject *args, const char *format, ...), format,
         taipan_arg_parse(args, format, 1, &arguments))
FUNCTION(int, PyArg_ParseTuple, (PyObject *args, const char *format, ...), format,
         taipan_arg_parse(args, format, 0, &arguments))
LIST_FUNCTION(int, PyArg_VaParse, (PyObject *args, const char *format, va_list list),
              taipan_arg_parse(args, format, 0, &arguments))
FUNCTION(int, PyArg_ParseTupleAndKeywords,
         (PyObject *args, PyObject *keywords, const char *format, char *const *names, ...), names,
         taipan_arg_parse_keywords(args, keywords, format, names, &arguments))
LIST_FUNCTION(int, PyArg_VaParseTupleAndKeywords,
              (PyObject *args, PyObject *keywords, const char *format, char *const *names, va_list list),
              taipan_arg_parse_keywords(args, keywords, format, names, &arguments))

/* The names that extensions compiled with PY_SSIZE_T_CLEAN had before 3.13. */
FUNCTION(int, _PyArg_Parse_SizeT, (PyObject *args, const char *format, ...), format,
         taipan_arg_parse(args, format, 1, &arguments))
FUNCTION(int, _PyArg_ParseTuple_SizeT, (PyObject *args, const char *format, ...), format,
         taipan_arg_parse(args, format, 0, &arguments))
LIST_FUNCTION(int, _PyArg_VaParse_SizeT, (PyObject *args, const char *format, va_list list),
              taipan_arg_parse(args, format, 0, &arguments))
FUNCTION(int, _PyArg_ParseTupleAndKeywords_SizeT,
         (PyObject *args, PyObject *keywords, const char *format, char *const *names, ...), names,
         taipan_arg_parse_keywords(args, keywords, format, names, &arguments))
LIST_FUNCTION(int, _PyArg_VaParseTupleAndKeywords_SizeT,
              (PyObject *args, PyObject *keywords, const char *format, char *const *names, va_list list),
              taipan_arg_parse_keywords(args, keywords, format, names, &arguments))

FUNCTION(int, _PyArg_ParseStack, (PyObject *const *args, Py_ssize_t count, const char *format, ...), format,
         taipan_arg_parse_stack(args, count, format, &arguments))
FUNCTION(int, _PyArg_ParseTupleAndKeywordsFast, (PyObject *args, PyObject *keywords, void *parser, ...), parser,
         taipan_arg_parse_fast(args, keywords, parser, &arguments))
FUNCTION(int, _PyArg_ParseStackAndKeywords,
         (PyObject *const *args, Py_ssize_t count, PyObject *names, void *parser, ...), parser,
         taipan_arg_parse_stack_fast(args, count, names, parser, &arguments))
FUNCTION(int, PyArg_UnpackTuple, (PyObject *args, const char *name, Py_ssize_t min, Py_ssize_t max, ...), max,
         taipan_arg_unpack_tuple(args, name, min, max, &arguments))

/* ---- modsupport.h: building ---- */

PyObject *taipan_build_value(const char *format, struct arguments *arguments);

FUNCTION(PyObject *, Py_BuildValue, (const char *format, ...), format, taipan_build_value(format, &arguments))
FUNCTION(PyObject *, _Py_BuildValue_SizeT, (const char *format, ...), format, taipan_build_value(format, &arguments))
LIST_FUNCTION(PyObject *, Py_VaBuildValue, (const char *format, va_list list), taipan_build_value(format, &arguments))
LIST_FUNCTION(PyObject *, _Py_VaBuildValue_SizeT, (const char *format, va_list list),
              taipan_build_value(format, &arguments))

/* ---- abstract.h, ceval.h: calls ---- */

PyObject *taipan_call_function(PyObject *callable, const char *format, struct arguments *arguments);
PyObject *taipan_call_function_old(PyObject *callable, const char *format, struct arguments *arguments);
PyObject *taipan_call_method(PyObject *object, const char *name, const char *format, struct arguments *arguments);
PyObject *taipan_call_method_old(PyObject *object, const char *name, const char *format, struct arguments *arguments);
PyObject *taipan_call_method_object(PyObject *object, PyObject *name, const char *format, struct arguments *arguments);
PyObject *taipan_call_objects(PyObject *callable, struct arguments *arguments);
PyObject *taipan_call_method_objects(PyObject *object, PyObject *name, struct arguments *arguments);

FUNCTION(PyObject *, PyObject_CallFunction, (PyObject *callable, const char *format, ...), format,
         taipan_call_function(callable, format, &arguments))
FUNCTION(PyObject *, _PyObject_CallFunction_SizeT, (PyObject *callable, const char *format, ...), format,
         taipan_call_function(callable, format, &arguments))
FUNCTION(PyObject *, PyEval_CallFunction, (PyObject *callable, const char *format, ...), format,
         taipan_call_function_old(callable, format, &arguments))
FUNCTION(PyObject *, PyObject_CallMethod, (PyObject *object, const char *name, const char *format, ...), format,
         taipan_call_method(object, name, format, &arguments))
FUNCTION(PyObject *, _PyObject_CallMethod_SizeT, (PyObject *object, const char *name, const char *format, ...), format,
         taipan_call_method(object, name, format, &arguments))
FUNCTION(PyObject *, PyEval_CallMethod, (PyObject *object, const char *name, const char *format, ...), format,
         taipan_call_method_old(object, name, format, &arguments))
FUNCTION(PyObject *, _PyObject_CallMethod, (PyObject *object, PyObject *name, const char *format, ...), format,
         taipan_call_method_object(object, name, format, &arguments))
FUNCTION(PyObject *, PyObject_CallFunctionObjArgs, (PyObject *callable, ...), callable,
         taipan_call_objects(callable, &arguments))
FUNCTION(PyObject *, PyObject_CallMethodObjArgs, (PyObject *object, PyObject *name, ...), name,
         taipan_call_method_objects(object, name, &arguments))

/* ---- pyerrors.h, warnings.h ---- */

PyObject *taipan_err_format(PyObject *exception, const char *format, struct arguments *arguments);
PyObject *taipan_err_format_from_cause(PyObject *exception, const char *format, struct arguments *arguments);
void taipan_err_format_unraisable(const char *format, struct arguments *arguments);
void taipan_err_format_note(const char *format, struct arguments *arguments);
int taipan_err_warn_format(PyObject *category, Py_ssize_t level, PyObject *source, const char *format,
                           struct arguments *arguments);
int taipan_err_warn_explicit_format(PyObject *category, const char *filename, int line, const char *module,
                                    PyObject *registry, const char *format, struct arguments *arguments);
extern PyObject *PyExc_ResourceWarning;

FUNCTION(PyObject *, PyErr_Format, (PyObject *exception, const char *format, ...), format,
         taipan_err_format(exception, format, &arguments))
LIST_FUNCTION(PyObject *, PyErr_FormatV, (PyObject *exception, const char *format, va_list list),
              taipan_err_format(exception, format, &arguments))
FUNCTION(PyObject *, _PyErr_Format, (void *thread, PyObject *exception, const char *format, ...), format,
         ((void)thread, taipan_err_format(exception, format, &arguments)))
FUNCTION(PyObject *, _PyErr_FormatFromCause, (PyObject *exception, const char *format, ...), format,
         taipan_err_format_from_cause(exception, format, &arguments))
VOID_FUNCTION(PyErr_FormatUnraisable, (const char *format, ...), format,
              taipan_err_format_unraisable(format, &arguments))
VOID_FUNCTION(_PyErr_FormatNote, (const char *format, ...), format, taipan_err_format_note(format, &arguments))
FUNCTION(int, PyErr_WarnFormat, (PyObject *category, Py_ssize_t level, const char *format, ...), format,
         taipan_err_warn_format(category, level, NULL, format, &arguments))
FUNCTION(int, PyErr_ResourceWarning, (PyObject *source, Py_ssize_t level, const char *format, ...), format,
         taipan_err_warn_format(PyExc_ResourceWarning, level, source, format, &arguments))
FUNCTION(int, PyErr_WarnExplicitFormat,
         (PyObject *category, const char *filename, int line, const char *module, PyObject *registry,
          const char *format, ...),
         format, taipan_err_warn_explicit_format(category, filename, line, module, registry, format, &arguments))

/* ---- unicodeobject.h, bytesobject.h, tupleobject.h ---- */

PyObject *taipan_unicode_from_format(const char *format, struct arguments *arguments);
PyObject *taipan_bytes_from_format(const char *format, struct arguments *arguments);
int taipan_unicode_writer_format(void *writer, const char *format, struct arguments *arguments);
PyObject *taipan_tuple_pack(Py_ssize_t count, struct arguments *arguments);

FUNCTION(PyObject *, PyUnicode_FromFormat, (const char *format, ...), format,
         taipan_unicode_from_format(format, &arguments))
LIST_FUNCTION(PyObject *, PyUnicode_FromFormatV, (const char *format, va_list list),
              taipan_unicode_from_format(format, &arguments))
FUNCTION(PyObject *, PyBytes_FromFormat, (const char *format, ...), format,
         taipan_bytes_from_format(format, &arguments))
LIST_FUNCTION(PyObject *, PyBytes_FromFormatV, (const char *format, va_list list),
              taipan_bytes_from_format(format, &arguments))
FUNCTION(int, PyUnicodeWriter_Format, (void *writer, const char *format, ...), format,
         taipan_unicode_writer_format(writer, format, &arguments))
FUNCTION(PyObject *, PyTuple_Pack, (Py_ssize_t count, ...), count, taipan_tuple_pack(count, &arguments))

/* ---- sysmodule.h ---- */

int taipan_sys_audit(const char *event, const char *format, struct arguments *arguments);
void taipan_sys_format(int error, const char *format, struct arguments *arguments);
void taipan_sys_write(int error, const char *text, int truncated);

FUNCTION(int, PySys_Audit, (const char *event, const char *format, ...), format,
         taipan_sys_audit(event, format, &arguments))
VOID_FUNCTION(PySys_FormatStdout, (const char *format, ...), format, taipan_sys_format(0, format, &arguments))
VOID_FUNCTION(PySys_FormatStderr, (const char *format, ...), format, taipan_sys_format(1, format, &arguments))

/* Text for the streams is cut at 1000 bytes. */
static void write_stream(int error, const char *format, va_list list)
{
    char buffer[1001];
    int written = vsnprintf(buffer, sizeof(buffer), format, list);
    taipan_sys_write(error, buffer, written < 0 || (size_t)written >= sizeof(buffer));
}

void PySys_WriteStdout(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    write_stream(0, format, list);
    va_end(list);
}

void PySys_WriteStderr(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    write_stream(1, format, list);
    va_end(list);
}

/* ---- pyport.h, pyerrors.h: snprintf that always ends its text ---- */

int PyOS_vsnprintf(char *text, size_t size, const char *format, va_list list)
{
    if (size > (size_t)0x7fffffff - 512) {
        if (size > 0) {
            text[size - 1] = '\0';
        }
        return -666;
    }
    int length = vsnprintf(text, size, format, list);
    if (size > 0) {
        text[size - 1] = '\0';
    }
    return length;
}

int PyOS_snprintf(char *text, size_t size, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = PyOS_vsnprintf(text, size, format, list);
    va_end(list);
    return length;
}

/* Named by Rust, so that the linker takes this file in. */
const char taipan_variadic = 1;
