//! Java's serialization, of the few classes that Spark NLP's fields hold: strings, boxed integers, Scala's pairs, and arrays
//! of these.
//!
//! The reader is total. It makes nothing larger than the bytes it reads, nests no deeper than [`DEEPEST`], and runs no code of
//! a class: an object is its fields, and a class that writes itself otherwise is an error that names it.

use std::rc::Rc;

const MAGIC: [u8; 4] = [0xac, 0xed, 0x00, 0x05];
const DEEPEST: usize = 16;
/// The handle of the first thing in a stream.
const FIRST_HANDLE: usize = 0x7e_0000;
const MOST_FIELDS: u16 = 64;

/// A value. Things that the stream tells twice are shared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i32),
    Text(Rc<str>),
    Pair(Rc<(Value, Value)>),
    List(Rc<Vec<Value>>),
}

/// Place in the stream and what is wrong there.
pub(crate) type Wrong = (usize, String);

#[derive(Debug)]
struct Class {
    name: String,
    /// Flags: 1 says that it writes itself, 2 that it is serializable.
    flags: u8,
    fields: Vec<(u8, String)>,
    parent: Option<Rc<Class>>,
    /// How many parents there are, one above the other.
    depth: usize,
}

/// A value, and how deep values nest in it.
type Nested = (Value, usize);

#[derive(Clone)]
enum Handle {
    Class(Rc<Class>),
    Value(Nested),
    /// A value that is being read; nothing that is read here holds itself.
    Open,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    handles: Vec<Handle>,
}

/// The one value of a stream.
///
/// # Errors
/// The place and reason for anything but the classes above.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, Wrong> {
    let mut reader = Reader { bytes, at: 0, handles: Vec::new() };
    if reader.take(MAGIC.len())? != MAGIC {
        return Err((0, "it is no stream of Java's serialization".to_string()));
    }
    let (value, _) = reader.value(0)?;
    match reader.at == bytes.len() {
        true => Ok(value),
        false => reader.wrong("more follows the value"),
    }
}

impl<'a> Reader<'a> {
    fn wrong<T>(&self, reason: impl Into<String>) -> Result<T, Wrong> {
        Err((self.at, reason.into()))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Wrong> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else { return self.wrong("it ends early") };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Wrong> {
        Ok(self.take(1)?[0])
    }

    fn short(&mut self) -> Result<u16, Wrong> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn int(&mut self) -> Result<i32, Wrong> {
        let bytes = self.take(4)?;
        Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn count(&mut self) -> Result<usize, Wrong> {
        match usize::try_from(self.int()?) {
            Ok(count) => Ok(count),
            Err(_) => self.wrong("a negative number of elements"),
        }
    }

    fn handle(&mut self) -> Result<Handle, Wrong> {
        let number = usize::try_from(self.int()?).ok().and_then(|number| number.checked_sub(FIRST_HANDLE));
        match number.and_then(|number| self.handles.get(number)) {
            Some(handle) => Ok(handle.clone()),
            None => self.wrong("a reference to nothing"),
        }
    }

    /// Remembers a value that was told; `slot` is its handle.
    fn keep(&mut self, slot: usize, value: Nested) -> Nested {
        self.handles[slot] = Handle::Value(value.clone());
        value
    }

    fn open(&mut self) -> usize {
        self.handles.push(Handle::Open);
        self.handles.len() - 1
    }

    fn value(&mut self, depth: usize) -> Result<Nested, Wrong> {
        const TOO_DEEP: &str = "values are nested too deeply";
        if depth > DEEPEST {
            return self.wrong(TOO_DEEP);
        }
        match self.byte()? {
            0x70 => Ok((Value::Null, 0)),
            0x71 => match self.handle()? {
                // a chain of references nests too
                Handle::Value((_, inside)) if depth + inside > DEEPEST => self.wrong(TOO_DEEP),
                Handle::Value(value) => Ok(value),
                _ => self.wrong("a reference to something that is no value"),
            },
            0x73 => self.object(depth),
            0x74 => {
                let length = usize::from(self.short()?);
                self.text(length)
            }
            0x75 => self.array(depth),
            0x7c => {
                let high = self.count()?;
                let low = self.count()?;
                if high != 0 {
                    return self.wrong("a string of more than 2 GiB");
                }
                self.text(low)
            }
            other => self.wrong(format!("a thing of the kind 0x{other:02x}, which these files do not have")),
        }
    }

    fn text(&mut self, length: usize) -> Result<Nested, Wrong> {
        let slot = self.open();
        let text = self.modified_utf8(length)?;
        Ok(self.keep(slot, (Value::Text(text.into()), 0)))
    }

    /// Java's own UTF-8: zero in two bytes, and UTF-16 units above the basic plane each by itself.
    fn modified_utf8(&mut self, length: usize) -> Result<String, Wrong> {
        let bytes = self.take(length)?;
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Ok(text.to_string());
        }
        let mut units = Vec::with_capacity(length);
        let mut rest = bytes;
        loop {
            let (unit, after) = match *rest {
                [] => break,
                [a, ref after @ ..] if a < 0x80 => (u16::from(a), after),
                [a, b, ref after @ ..] if a >> 5 == 0b110 && b >> 6 == 0b10 => {
                    (u16::from(a & 0x1f) << 6 | u16::from(b & 0x3f), after)
                }
                [a, b, c, ref after @ ..] if a >> 4 == 0b1110 && b >> 6 == 0b10 && c >> 6 == 0b10 => {
                    (u16::from(a & 0x0f) << 12 | u16::from(b & 0x3f) << 6 | u16::from(c & 0x3f), after)
                }
                _ => return self.wrong("a string that is not Java's UTF-8"),
            };
            units.push(unit);
            rest = after;
        }
        String::from_utf16(&units).or_else(|_| self.wrong("a string with half a character"))
    }

    fn name(&mut self) -> Result<String, Wrong> {
        let length = usize::from(self.short()?);
        self.modified_utf8(length)
    }

    /// A class, where one must be told; `None` for no class.
    fn class(&mut self, depth: usize) -> Result<Option<Rc<Class>>, Wrong> {
        if depth > DEEPEST {
            return self.wrong("classes are nested too deeply");
        }
        match self.byte()? {
            0x70 => Ok(None),
            0x71 => match self.handle()? {
                Handle::Class(class) => Ok(Some(class)),
                _ => self.wrong("a reference to something that is no class"),
            },
            0x72 => {
                let name = self.name()?;
                self.take(8)?; // its version
                let slot = self.open();
                let flags = self.byte()?;
                let count = self.short()?;
                if count > MOST_FIELDS {
                    return self.wrong("a class of too many fields");
                }
                let mut fields = Vec::new();
                for _ in 0..count {
                    let kind = self.byte()?;
                    let field = self.name()?;
                    if matches!(kind, b'L' | b'[') {
                        self.value(depth + 1)?; // the name of its type
                    }
                    fields.push((kind, field));
                }
                if self.byte()? != 0x78 {
                    return self.wrong(format!("a note on the class {}", name.escape_debug()));
                }
                let parent = self.class(depth + 1)?;
                // parents may be told by references, each to one that has parents itself
                let depth = parent.as_ref().map_or(0, |parent| parent.depth + 1);
                if depth > DEEPEST {
                    return self.wrong("classes are nested too deeply");
                }
                let class = Rc::new(Class { name, flags, fields, parent, depth });
                self.handles[slot] = Handle::Class(Rc::clone(&class));
                Ok(Some(class))
            }
            other => self.wrong(format!("a class of the kind 0x{other:02x}, which these files do not have")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Nested, Wrong> {
        let Some(class) = self.class(depth + 1)? else { return self.wrong("an object without a class") };
        let slot = self.open();
        let mut line = Vec::new();
        let mut next = Some(&class);
        while let Some(class) = next {
            line.push(class);
            next = class.parent.as_ref();
        }
        let mut fields = Vec::new();
        let mut deepest = 0;
        // the fields of parents come first
        for class in line.into_iter().rev() {
            if class.flags & 3 != 2 {
                return self
                    .wrong(format!("an object of the class {}, which writes itself", class.name.escape_debug()));
            }
            for (kind, _) in &class.fields {
                fields.push(match kind {
                    b'I' => Value::Int(self.int()?),
                    b'L' | b'[' => {
                        let (value, inside) = self.value(depth + 1)?;
                        deepest = deepest.max(inside + 1);
                        value
                    }
                    _ => return self.wrong(format!("a field of the kind `{}`", char::from(*kind).escape_debug())),
                });
            }
        }
        let value = match (class.name.as_str(), fields.as_slice()) {
            ("java.lang.Integer", [Value::Int(number)]) => Value::Int(*number),
            ("scala.Tuple2", [first, second]) => Value::Pair(Rc::new((first.clone(), second.clone()))),
            (name, _) => {
                let reason = format!("an object of the class {}, which these files do not have", name.escape_debug());
                return self.wrong(reason);
            }
        };
        Ok(self.keep(slot, (value, deepest)))
    }

    fn array(&mut self, depth: usize) -> Result<Nested, Wrong> {
        let Some(class) = self.class(depth + 1)? else { return self.wrong("an array without a class") };
        if !class.name.starts_with("[L") {
            return self.wrong(format!("an array of the class {}", class.name.escape_debug()));
        }
        let slot = self.open();
        let count = self.count()?;
        // no room is made ahead: the number may be a lie
        let mut values = Vec::new();
        let mut deepest = 0;
        for _ in 0..count {
            let (value, inside) = self.value(depth + 1)?;
            deepest = deepest.max(inside + 1);
            values.push(value);
        }
        Ok(self.keep(slot, (Value::List(Rc::new(values)), deepest)))
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

    /// A class of that name and so many fields `f`, each an object, but for its parent.
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
        let (_, said) = read(&array(&classes)).unwrap_err();
        assert_eq!(said, "classes are nested too deeply");
        assert!(read(&array(&classes[..DEEPEST])).is_ok());

        // pairs, each with the pair before it
        let first = [&[0x73][..], &class("scala.Tuple2", 2), &[0x70, 0x70, 0x70]].concat();
        let next = |n: u32| [&[0x73][..], &reference(2), &reference(n + 3), &[0x70]].concat();
        let pairs: Vec<Vec<u8>> = [first].into_iter().chain((0..MANY).map(next)).collect();
        let (_, said) = read(&array(&pairs)).unwrap_err();
        assert_eq!(said, "values are nested too deeply");
        let Ok(Value::List(list)) = read(&array(&pairs[..DEEPEST - 1])) else { panic!("few are no chain") };
        assert_eq!(list.len(), DEEPEST - 1);
    }
}
