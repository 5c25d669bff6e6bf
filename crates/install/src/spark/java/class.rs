//! [`Class`]: the description of a Java class in a stream.

use std::rc::Rc;

/// Flags of a class: it is serializable, and it writes its objects with code of its own.
const SERIALIZABLE: u8 = 2;
const WRITES_ITSELF: u8 = 1;

/// A class, with its fields in the order of their values.
#[derive(Debug)]
pub(super) struct Class {
    pub name: String,
    pub flags: u8,
    /// Type code of each field: `I` for an int, `L` for an object, `[` for an array.
    pub field_types: Vec<u8>,
    pub parent: Option<Rc<Class>>,
}

impl Class {
    /// Number of its parents, up to the topmost.
    pub(super) fn parents(&self) -> usize {
        self.chain_from_top().len() - 1
    }

    /// The class and its parents, the topmost first: the order in which an object stores their fields.
    pub(super) fn chain_from_top(&self) -> Vec<&Self> {
        let mut classes = vec![self];
        while let Some(parent) = classes[classes.len() - 1].parent.as_deref() {
            classes.push(parent);
        }
        classes.reverse();
        classes
    }

    /// True if the bytes of its objects are not simply their fields.
    pub(super) fn writes_itself(&self) -> bool {
        self.flags & (SERIALIZABLE | WRITES_ITSELF) != SERIALIZABLE
    }
}
