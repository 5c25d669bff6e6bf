//! Java's serialization: the few classes that the fields of Spark NLP consist of.
//!
//! The grammar is chapter 6 of Java's Object Serialization Specification. This is the part of it that occurs here:
//!
//! ```text
//! stream = AC ED 00 05 value
//! value  = 70                                        null
//!        | 71 handle                                 a value from earlier in the stream
//!        | 73 class field*                           an object: fields of the parents first
//!        | 74 length:2 bytes | 7C length:8 bytes     a string in modified UTF-8
//!        | 75 class count:4 value*                   an array
//! class  = 70                                        no class
//!        | 71 handle                                 a class from earlier in the stream
//!        | 72 name version:8 flags count:2 (type name typename?)* 78 class
//! ```
//!
//! Java deserializes by running the code of the classes, which has been the way into many systems. This reader runs
//! nothing. It knows `Integer`, `Tuple2`, strings and arrays; any other class is an error. It is safe for all bytes:
//! what it allocates is in proportion to the bytes it has read, and nesting is limited, so that neither memory nor the
//! stack can run out.

mod class;
mod value;

use std::rc::Rc;

pub(super) use self::value::JavaValue;
use self::{class::Class, value::Nested};
use super::{
    byte_reader::{ByteReader, FormatError},
    modified_utf8::modified_utf8,
};

const MAGIC: [u8; 4] = [0xac, 0xed, 0x00, 0x05];
/// Deepest nesting of values and of parents of a class. Reading, dropping and comparing recurse, a stack frame a level.
const DEEPEST: usize = 16;
/// Handle of the first class, string, array or object in a stream. The following ones count up from it.
const FIRST_HANDLE: usize = 0x7e_0000;
const MOST_FIELDS: u16 = 64;

const NULL: u8 = 0x70;
const REFERENCE: u8 = 0x71;
const CLASS: u8 = 0x72;
const OBJECT: u8 = 0x73;
const STRING: u8 = 0x74;
const ARRAY: u8 = 0x75;
const END_OF_ANNOTATIONS: u8 = 0x78;
const LONG_STRING: u8 = 0x7c;

/// What a handle stands for.
#[derive(Clone)]
enum Handle {
    Class(Rc<Class>),
    Value(Nested),
    /// Still being read. A value that refers to itself meets this and is refused.
    Open,
}

struct Reader<'a> {
    bytes: ByteReader<'a>,
    handles: Vec<Handle>,
}

/// Reads the one value of a stream.
///
/// # Errors
/// The byte and the reason, for anything but the classes above and for bytes after the value.
pub(super) fn read(bytes: &[u8]) -> Result<JavaValue, FormatError> {
    let mut reader = Reader { bytes: ByteReader::new(bytes), handles: Vec::new() };
    if reader.bytes.take(MAGIC.len())? != MAGIC {
        return Err(FormatError { at: 0, reason: "this is not a stream of Java's serialization".to_string() });
    }
    let nested = reader.value(0)?;
    match reader.bytes.is_at_end() {
        true => Ok(nested.value),
        false => reader.bytes.error("bytes follow after the value"),
    }
}

impl Reader<'_> {
    fn error<T>(&self, reason: impl Into<String>) -> Result<T, FormatError> {
        self.bytes.error(reason)
    }

    /// What the next handle stands for.
    fn reference(&mut self) -> Result<Handle, FormatError> {
        let number = usize::try_from(self.bytes.int()?).ok().and_then(|number| number.checked_sub(FIRST_HANDLE));
        match number.and_then(|number| self.handles.get(number)) {
            Some(handle) => Ok(handle.clone()),
            None => self.error("a reference leads to nothing"),
        }
    }

    /// Reserves the next handle. Java numbers an object before it writes its fields.
    fn open(&mut self) -> usize {
        self.handles.push(Handle::Open);
        self.handles.len() - 1
    }

    /// Gives `value` the reserved handle `slot`.
    fn close(&mut self, slot: usize, value: JavaValue, levels: usize) -> Nested {
        let nested = Nested { value, levels };
        self.handles[slot] = Handle::Value(nested.clone());
        nested
    }

    fn value(&mut self, depth: usize) -> Result<Nested, FormatError> {
        const TOO_DEEP: &str = "values are nested too deeply";
        if depth > DEEPEST {
            return self.error(TOO_DEEP);
        }
        match self.bytes.byte()? {
            NULL => Ok(Nested { value: JavaValue::Null, levels: 0 }),
            REFERENCE => match self.reference()? {
                // a reference adds all levels of its value at once: a chain of references would otherwise nest without
                // limit
                Handle::Value(nested) if depth + nested.levels > DEEPEST => self.error(TOO_DEEP),
                Handle::Value(nested) => Ok(nested),
                Handle::Class(_) | Handle::Open => self.error("a reference leads to something that is not a value"),
            },
            OBJECT => self.object(depth),
            STRING => {
                let length = usize::from(self.bytes.short()?);
                self.string(length)
            }
            LONG_STRING => {
                let (high, low) = (self.bytes.length()?, self.bytes.length()?);
                match high {
                    0 => self.string(low),
                    _ => self.error("a string is longer than 2 GiB"),
                }
            }
            ARRAY => self.array(depth),
            other => self.error(format!("a value begins with 0x{other:02x}, which Spark NLP's files do not contain")),
        }
    }

    fn string(&mut self, length: usize) -> Result<Nested, FormatError> {
        let slot = self.open();
        let text = self.text(length)?;
        Ok(self.close(slot, JavaValue::Text(text.into()), 0))
    }

    fn text(&mut self, length: usize) -> Result<String, FormatError> {
        modified_utf8(self.bytes.take(length)?).or_else(|reason| self.error(reason))
    }

    /// The name of a class or field. It has no handle.
    fn name(&mut self) -> Result<String, FormatError> {
        let length = usize::from(self.bytes.short()?);
        self.text(length)
    }

    /// A class; `None` where the stream says that there is none.
    fn class(&mut self, depth: usize) -> Result<Option<Rc<Class>>, FormatError> {
        if depth > DEEPEST {
            return self.error("classes are nested too deeply");
        }
        match self.bytes.byte()? {
            NULL => Ok(None),
            REFERENCE => match self.reference()? {
                Handle::Class(class) => Ok(Some(class)),
                Handle::Value(_) | Handle::Open => self.error("a reference leads to something that is not a class"),
            },
            CLASS => self.new_class(depth).map(Some),
            other => self.error(format!("a class begins with 0x{other:02x}, which Spark NLP's files do not contain")),
        }
    }

    fn new_class(&mut self, depth: usize) -> Result<Rc<Class>, FormatError> {
        let name = self.name()?;
        let _version = self.bytes.take(8)?;
        let slot = self.open();
        let flags = self.bytes.byte()?;
        let field_types = self.field_types(depth)?;
        if self.bytes.byte()? != END_OF_ANNOTATIONS {
            return self.error(format!("the class {} has annotations, which are not supported", name.escape_debug()));
        }
        let class = Rc::new(Class { name, flags, field_types, parent: self.class(depth + 1)? });
        // counted over all parents: each may be a reference to a class with parents of its own
        if class.parents() > DEEPEST {
            return self.error("classes are nested too deeply");
        }
        self.handles[slot] = Handle::Class(Rc::clone(&class));
        Ok(class)
    }

    fn field_types(&mut self, depth: usize) -> Result<Vec<u8>, FormatError> {
        let count = self.bytes.short()?;
        if count > MOST_FIELDS {
            return self.error(format!("a class has {count} fields, the limit is {MOST_FIELDS}"));
        }
        let mut types = Vec::new();
        for _ in 0..count {
            let field_type = self.bytes.byte()?;
            let _name = self.name()?;
            if matches!(field_type, b'L' | b'[') {
                let _type_name = self.value(depth + 1)?;
            }
            types.push(field_type);
        }
        Ok(types)
    }

    fn object(&mut self, depth: usize) -> Result<Nested, FormatError> {
        let Some(class) = self.class(depth + 1)? else { return self.error("an object has no class") };
        let slot = self.open();
        let mut fields = Vec::new();
        let mut levels = 0;
        for class in class.chain_from_top() {
            // only the code of such a class can read its bytes, and no code is run here
            if class.writes_itself() {
                let name = class.name.escape_debug();
                return self.error(format!("an object has the class {name}, which writes its own bytes"));
            }
            for field_type in &class.field_types {
                fields.push(match field_type {
                    b'I' => JavaValue::Int(self.bytes.int()?),
                    b'L' | b'[' => {
                        let nested = self.value(depth + 1)?;
                        levels = levels.max(nested.levels + 1);
                        nested.value
                    }
                    other => {
                        let code = char::from(*other).escape_debug();
                        return self.error(format!("a field has the type `{code}`, which is not supported"));
                    }
                });
            }
        }
        let value = match (class.name.as_str(), fields.as_slice()) {
            ("java.lang.Integer", [JavaValue::Int(number)]) => JavaValue::Int(*number),
            ("scala.Tuple2", [first, second]) => JavaValue::Pair(Rc::new((first.clone(), second.clone()))),
            (name, _) => {
                let name = name.escape_debug();
                return self.error(format!("an object has the class {name}, which Spark NLP's files do not contain"));
            }
        };
        Ok(self.close(slot, value, levels))
    }

    fn array(&mut self, depth: usize) -> Result<Nested, FormatError> {
        let Some(class) = self.class(depth + 1)? else { return self.error("an array has no class") };
        if !class.name.starts_with("[L") {
            return self.error(format!("an array has the class {}, not one of objects", class.name.escape_debug()));
        }
        let slot = self.open();
        let count = self.bytes.length()?;
        // no `with_capacity(count)`: a false count of two billion would take all memory
        let mut values = Vec::new();
        let mut levels = 0;
        for _ in 0..count {
            let nested = self.value(depth + 1)?;
            levels = levels.max(nested.levels + 1);
            values.push(nested.value);
        }
        Ok(self.close(slot, JavaValue::List(Rc::new(values)), levels))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: u32 = 300_000;
    const FIRST: u32 = FIRST_HANDLE as u32;

    fn reference(handle: u32) -> Vec<u8> {
        [&[0x71][..], &(FIRST + handle).to_be_bytes()].concat()
    }

    /// A class called `name` with `fields` fields `f`, each an object. Its parent has to follow.
    fn class(name: &str, fields: u8) -> Vec<u8> {
        let name = [&[0x72, 0, name.len() as u8][..], name.as_bytes()].concat();
        let field = [b'L', 0, 1, b'f', 0x70];
        [name, vec![0; 8], vec![2, 0, fields], field.repeat(usize::from(fields)), vec![0x78]].concat()
    }

    /// An array of `elements`. Handle 0 is its class, and 1 the array itself.
    fn array(elements: &[Vec<u8>]) -> Vec<u8> {
        let count = (elements.len() as u32).to_be_bytes();
        [&MAGIC[..], &[0x75], &class("[L", 0), &[0x70], &count, &elements.concat()].concat()
    }

    #[test]
    fn a_chain_of_references_is_no_way_around_the_depth() {
        // arrays without elements, each of a class whose parent is the class before it
        let empty = |n: u32| [&[0x75][..], &class("[L", 0), &reference(2 * n), &[0; 4]].concat();
        let classes: Vec<Vec<u8>> = (0..MANY).map(empty).collect();
        let error = read(&array(&classes)).unwrap_err();
        assert_eq!(error.reason, "classes are nested too deeply");
        assert!(read(&array(&classes[..DEEPEST])).is_ok());

        // pairs, each with the pair before it
        let first = [&[0x73][..], &class("scala.Tuple2", 2), &[0x70, 0x70, 0x70]].concat();
        let next = |n: u32| [&[0x73][..], &reference(2), &reference(n + 3), &[0x70]].concat();
        let pairs: Vec<Vec<u8>> = [first].into_iter().chain((0..MANY).map(next)).collect();
        let error = read(&array(&pairs)).unwrap_err();
        assert_eq!(error.reason, "values are nested too deeply");
        let Ok(JavaValue::List(list)) = read(&array(&pairs[..DEEPEST - 1])) else { panic!("a short chain is read") };
        assert_eq!(list.len(), DEEPEST - 1);
    }
}
