//! What a signature says, in the form that unpacking reads.

/// The parameters of one function. The macros make one static of it per function that needs it.
pub struct ArgSpec {
    /// The name as messages show it: `split`, and for constructors the name of the type.
    pub function: &'static str,
    /// All parameters but `*args` and `**kwargs`, in order.
    pub names: &'static [&'static str],
    /// How many of them are positional-only.
    pub posonly: u8,
    /// How many can be given by position, the positional-only ones included.
    pub pos: u8,
    /// How many are keyword-only; `names.len()` is `pos + kwonly`.
    pub kwonly: u8,
    /// How many of the positional ones have no default; these come first.
    pub required: u8,
    /// How many of the keyword-only ones have no default; these come first.
    pub required_kwonly: u8,
    pub varargs: bool,
    pub varkw: bool,
    /// Whether the function takes exactly one argument in C's convention (`METH_O`); messages then count nothing.
    pub single: bool,
}

impl ArgSpec {
    /// Parameters that can be given by position and by keyword, of which the first `required` have no default. What else a
    /// signature says is added by struct update: `ArgSpec { kwonly: 1, pos: 0, ..ArgSpec::plain(..) }`.
    pub const fn plain(function: &'static str, names: &'static [&'static str], required: u8) -> ArgSpec {
        ArgSpec {
            function,
            names,
            posonly: 0,
            pos: names.len() as u8,
            kwonly: 0,
            required,
            required_kwonly: 0,
            varargs: false,
            varkw: false,
            single: false,
        }
    }

    /// How messages name the parameter at `index`.
    pub fn display_name(&self, index: usize) -> String {
        if self.single {
            return "argument".to_owned();
        }
        if index < usize::from(self.posonly) {
            return format!("argument {}", index + 1);
        }
        format!("argument '{}'", self.names.get(index).copied().unwrap_or("?"))
    }

    /// The names that can be given by keyword.
    pub fn keywords(&self) -> &'static [&'static str] {
        self.names.get(usize::from(self.posonly)..).unwrap_or(&[])
    }
}
