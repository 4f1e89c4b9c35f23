use super::nodes::{Class, GROUPS};

#[test]
fn classes_stand_in_the_order_of_the_description() {
    let names: Vec<&str> = GROUPS.iter().flat_map(|group| group.nodes).map(|node| node.name).collect();
    assert_eq!(names[Class::Module as usize], "Module");
    assert_eq!(names[Class::FunctionDef as usize], "FunctionDef");
    assert_eq!(names[Class::Load as usize], "Load");
    assert_eq!(names[Class::Arguments as usize], "arguments");
    assert_eq!(names[Class::TypeVarTuple as usize], "TypeVarTuple");
}

#[test]
fn texts_are_those_of_the_asdl() {
    let group = |name| GROUPS.iter().find(|group| group.name == name).map(|group| group.asdl());
    assert_eq!(group("boolop").as_deref(), Some("boolop = And | Or"));
    assert_eq!(
        group("mod").as_deref(),
        Some(
            "mod = Module(stmt* body, type_ignore* type_ignores)\n    | Interactive(stmt* body)\n    | \
             Expression(expr body)\n    | FunctionType(expr* argtypes, expr returns)"
        )
    );
    assert_eq!(
        group("excepthandler").as_deref(),
        Some("excepthandler = ExceptHandler(expr? type, identifier? name, stmt* body)")
    );
    let dict = GROUPS.iter().flat_map(|group| group.nodes).find(|node| node.name == "Dict");
    assert_eq!(dict.map(|node| node.asdl()).as_deref(), Some("Dict(expr?* keys, expr* values)"));
}
