//! [`JavaValue`]: what a stream of Java's serialization holds.

use std::rc::Rc;

/// A value. The stream stores an object once and refers to it afterwards; the values are shared likewise.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::spark) enum JavaValue {
    Null,
    Int(i32),
    Text(Rc<str>),
    Pair(Rc<(JavaValue, JavaValue)>),
    List(Rc<Vec<JavaValue>>),
}

/// A value, and how many levels of values are inside it.
#[derive(Clone)]
pub(super) struct Nested {
    pub value: JavaValue,
    pub levels: usize,
}
