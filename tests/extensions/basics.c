/* What extension modules do most: arguments, values, errors, types with state, capsules, buffers, threads. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>

typedef struct {
    PyObject *error;
    PyTypeObject *counter;
    long made;
} module_state;

typedef struct {
    PyObject_HEAD
    PyObject *name;
    Py_ssize_t count;
    char data[8];
    vectorcallfunc vectorcall;
} Counter;

static struct PyModuleDef definition;

/* ---- a type ---- */

static PyObject *counter_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names)
{
    Counter *counter = (Counter *)self;
    counter->count += PyVectorcall_NARGS(nargsf);
    if (names != NULL) {
        counter->count += 10 * PyTuple_GET_SIZE(names);
    }
    return PyLong_FromSsize_t(counter->count);
}

static PyObject *counter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"name", "start", NULL};
    PyObject *name;
    Py_ssize_t start = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "U|n:Counter", names, &name, &start)) {
        return NULL;
    }
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    if (module == NULL) {
        return NULL;
    }
    ((module_state *)PyModule_GetState(module))->made++;
    Counter *self = (Counter *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->name = Py_NewRef(name);
        self->count = start;
        self->vectorcall = counter_vectorcall;
        memcpy(self->data, "abcdefgh", 8);
    }
    return (PyObject *)self;
}

static int counter_traverse(Counter *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->name);
    return 0;
}

static int counter_clear(Counter *self)
{
    Py_CLEAR(self->name);
    return 0;
}

static void counter_dealloc(Counter *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    counter_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *counter_repr(Counter *self)
{
    return PyUnicode_FromFormat("<%s %R at %zd|%5d|%-5d|%05d|%x|%.3s|%c|%%|%T>", "Counter", self->name, self->count, 42, 42, -42,
                                255, "abcdef", 0x20ac, self);
}

static int counter_getbuffer(Counter *self, Py_buffer *view, int flags)
{
    return PyBuffer_FillInfo(view, (PyObject *)self, self->data, 8, 0, flags);
}

static PyObject *counter_defining(PyObject *self, PyTypeObject *cls, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    module_state *state = PyType_GetModuleState(cls);
    if (state == NULL) {
        return NULL;
    }
    return Py_BuildValue("(sNlO)", cls->tp_name, PyLong_FromSsize_t(nargs), state->made, names ? names : Py_None);
}

static PyMethodDef counter_methods[] = {
    {"defining", (PyCFunction)(void (*)(void))counter_defining, METH_METHOD | METH_FASTCALL | METH_KEYWORDS, "Doc."},
    {NULL},
};

static PyMemberDef counter_members[] = {
    {"name", Py_T_OBJECT_EX, offsetof(Counter, name), Py_READONLY, "the name"},
    {"count", Py_T_PYSSIZET, offsetof(Counter, count), 0, NULL},
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Counter, vectorcall), Py_READONLY, NULL},
    {NULL},
};

static PyType_Slot counter_slots[] = {
    {Py_tp_new, counter_new},
    {Py_tp_traverse, counter_traverse},
    {Py_tp_clear, counter_clear},
    {Py_tp_dealloc, counter_dealloc},
    {Py_tp_repr, counter_repr},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_methods, counter_methods},
    {Py_tp_members, counter_members},
    {Py_bf_getbuffer, counter_getbuffer},
    {Py_tp_doc, "Counter(name, start=0)\n--\n\nCounts its calls."},
    {0, NULL},
};

static PyType_Spec counter_spec = {
    "basics.Counter", sizeof(Counter), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_VECTORCALL, counter_slots,
};

/* ---- functions ---- */

static PyObject *parse(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"", "number", "text", "flag", "pair", "data", NULL};
    int number, flag = -1, left = 0, right = 0;
    double value;
    const char *text = "none";
    Py_ssize_t length = 4;
    Py_buffer view = {0};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "di|z#$p(ii)y*:parse", names, &value, &number, &text, &length, &flag, &left,
                                     &right, &view)) {
        return NULL;
    }
    PyObject *result = Py_BuildValue("{s:d,s:i,s:z#,s:i,s:(ii),s:y#,s:[]}", "value", value, "number", number, "text", text,
                                     length, "flag", flag, "pair", left, right, "data", view.buf, view.len, "empty");
    PyBuffer_Release(&view);
    return result;
}

static PyObject *positional(PyObject *module, PyObject *args)
{
    PyObject *object;
    unsigned char byte;
    short small;
    char letter = '-';
    int character = 'c';
    if (!PyArg_ParseTuple(args, "O!bh|cC;three things, please", &PyUnicode_Type, &object, &byte, &small, &letter, &character)) {
        return NULL;
    }
    return Py_BuildValue("OiicC", object, (int)byte, (int)small, letter, character);
}

static PyObject *raises(PyObject *module, PyObject *kind)
{
    module_state *state = PyModule_GetState(module);
    switch (PyLong_AsLong(kind)) {
        case 0: return PyErr_Format(PyExc_ValueError, "%S and %A, %lld, %zu, %p", kind, kind, 1LL << 40, (size_t)7, NULL);
        case 1: PyErr_SetString(state->error, "own"); return NULL;
        case 2: errno = ENOENT; return PyErr_SetFromErrnoWithFilename(PyExc_OSError, "some/file");
        case 3: return NULL;
        case 4: PyErr_SetNone(PyExc_KeyboardInterrupt); PyErr_Clear(); PyErr_SetObject(PyExc_KeyError, kind); return NULL;
        case 5: PyErr_SetString(PyExc_ValueError, "left over"); return Py_NewRef(kind);
        case 6: return PyErr_NoMemory();
        case 7: PyErr_BadArgument(); return NULL;
        case 8: return PyErr_SetImportError(kind, kind, NULL);
        default: Py_RETURN_NONE;
    }
}

static PyObject *calls(PyObject *module, PyObject *function)
{
    PyObject *list = PyList_New(0), *item;
#define ADD(expression)                                         \
    item = expression;                                          \
    if (item == NULL || PyList_Append(list, item) < 0) {        \
        Py_XDECREF(item);                                       \
        Py_DECREF(list);                                        \
        return NULL;                                            \
    }                                                           \
    Py_DECREF(item)
    ADD(PyObject_CallNoArgs(function));
    ADD(PyObject_CallOneArg(function, Py_True));
    ADD(PyObject_CallFunction(function, "is", 1, "two"));
    ADD(PyObject_CallFunction(function, "(ii)", 1, 2));
    ADD(PyObject_CallFunctionObjArgs(function, Py_None, Py_False, NULL));
    ADD(PyObject_CallMethod((PyObject *)list, "count", "i", 3));
    PyObject *args = Py_BuildValue("(i)", 5), *kwargs = Py_BuildValue("{s:i}", "key", 6);
    ADD(PyObject_Call(function, args, kwargs));
    ADD(PyTuple_Pack(2, args, kwargs));
    Py_DECREF(args);
    Py_DECREF(kwargs);
    return list;
}

static void capsule_free(PyObject *capsule)
{
    PyMem_Free(PyCapsule_GetPointer(capsule, "basics.thing"));
}

static PyObject *capsule(PyObject *module, PyObject *ignored)
{
    int *number = PyMem_Malloc(sizeof(int));
    *number = 17;
    return PyCapsule_New(number, "basics.thing", capsule_free);
}

static PyObject *open_capsule(PyObject *module, PyObject *capsule)
{
    int *number = PyCapsule_GetPointer(capsule, "basics.thing");
    return number == NULL ? NULL : PyLong_FromLong(*number);
}

static PyObject *add_bytes(PyObject *module, PyObject *object)
{
    Py_buffer view;
    if (PyObject_GetBuffer(object, &view, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    long sum = 0;
    Py_BEGIN_ALLOW_THREADS
    for (Py_ssize_t i = 0; i < view.len; i++) {
        sum += ((unsigned char *)view.buf)[i];
    }
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&view);
    return PyLong_FromLong(sum);
}

static PyThread_type_lock done;
static PyObject *thread_result;

static void thread_main(void *function)
{
    PyGILState_STATE state = PyGILState_Ensure();
    thread_result = PyObject_CallNoArgs(function);
    PyGILState_Release(state);
    PyThread_release_lock(done);
}

static PyObject *in_thread(PyObject *module, PyObject *function)
{
    done = PyThread_allocate_lock();
    PyThread_acquire_lock(done, 1);
    PyThread_start_new_thread(thread_main, function);
    Py_BEGIN_ALLOW_THREADS
    PyThread_acquire_lock(done, 1);
    Py_END_ALLOW_THREADS
    PyThread_release_lock(done);
    PyThread_free_lock(done);
    return thread_result;
}

/* What tp_del gets has no count; it says how many counts it saw and adds one to keep the object when `kept` is a list. */
static PyObject *kept;

static void legacy_del(PyObject *self)
{
    Py_ssize_t before = Py_REFCNT(self);
    Py_SET_REFCNT(self, 1);
    printf("tp_del, %zd counts\n", before);
    fflush(stdout);
    if (kept != NULL && PyList_Append(kept, self) < 0) {
        PyErr_Clear();
    }
    Py_CLEAR(kept);
    Py_SET_REFCNT(self, Py_REFCNT(self) - 1);
}

static PyObject *with_del(PyObject *module, PyObject *args)
{
    PyObject *type, *list = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "O!|O!", &PyType_Type, &type, &PyList_Type, &list)) {
        return NULL;
    }
    ((PyTypeObject *)type)->tp_del = legacy_del;
    Py_XSETREF(kept, Py_XNewRef(list));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"with_del", with_del, METH_VARARGS, NULL},
    {"parse", (PyCFunction)(void (*)(void))parse, METH_VARARGS | METH_KEYWORDS, "parse(value, number, ...)"},
    {"positional", positional, METH_VARARGS, NULL},
    {"raises", raises, METH_O, NULL},
    {"calls", calls, METH_O, NULL},
    {"capsule", capsule, METH_NOARGS, NULL},
    {"open_capsule", open_capsule, METH_O, NULL},
    {"add_bytes", add_bytes, METH_O, NULL},
    {"in_thread", in_thread, METH_O, NULL},
    {NULL},
};

static struct {
    PyTypeObject type;
    char guard[512];
} flagged = {
    .type = {
        PyVarObject_HEAD_INIT(NULL, 0)
        .tp_name = "basics.Flagged",
        .tp_basicsize = sizeof(PyObject),
        .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
        .tp_new = PyType_GenericNew,
    },
};

static int execute(PyObject *module)
{
    module_state *state = PyModule_GetState(module);
    state->error = PyErr_NewExceptionWithDoc("basics.Error", "An error of its own.", PyExc_RuntimeError, NULL);
    if (state->error == NULL || PyModule_AddObjectRef(module, "Error", state->error) < 0) {
        return -1;
    }
    state->counter = (PyTypeObject *)PyType_FromModuleAndSpec(module, &counter_spec, NULL);
    if (state->counter == NULL || PyModule_AddType(module, state->counter) < 0) {
        return -1;
    }
    /* As Cython does: a static type that carries the flag of heap types while it is made ready. What stands behind it is not its own. */
    flagged.type.tp_base = &PyBaseObject_Type;
    flagged.type.tp_flags |= Py_TPFLAGS_HEAPTYPE;
    if (PyType_Ready(&flagged.type) < 0) {
        return -1;
    }
    flagged.type.tp_flags &= ~Py_TPFLAGS_HEAPTYPE;
    for (size_t index = 0; index < sizeof flagged.guard; index++) {
        if (flagged.guard[index] != 0) {
            PyErr_SetString(PyExc_SystemError, "the memory behind a static type was written");
            return -1;
        }
    }
    if (PyModule_AddObjectRef(module, "Flagged", (PyObject *)&flagged.type) < 0) {
        return -1;
    }
    return PyModule_AddIntConstant(module, "ANSWER", 42) < 0 || PyModule_AddStringConstant(module, "GREETING", "hello") < 0 ? -1 : 0;
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    module_state *state = PyModule_GetState(module);
    Py_VISIT(state->error);
    Py_VISIT(state->counter);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "basics", "A module for tests.", sizeof(module_state), functions, slots, module_traverse,
};

PyMODINIT_FUNC PyInit_basics(void)
{
    return PyModuleDef_Init(&definition);
}
