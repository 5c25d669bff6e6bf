//! [`Weight`]: a matrix in an ONNX file that is large enough to be shared.

/// Least bytes of a weight that is remembered.
const LEAST_BYTES: u64 = 1 << 16;

/// A large weight of the main graph, and where its numbers lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) name: String,
    pub(crate) shape: Vec<i64>,
    pub(crate) kind: Kind,
    /// The file of external data; `None` for the ONNX file itself.
    pub(crate) external: Option<String>,
    /// First byte in that file.
    pub(crate) offset: u64,
}

/// What the numbers of a weight are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Float,
    Half,
    Signed,
    Unsigned,
}

impl Weight {
    /// How many numbers there are.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().map(|&rows| rows as usize).product()
    }

    /// How many bytes they are.
    pub(crate) fn bytes(&self) -> u64 {
        self.kind.bytes() * self.count() as u64
    }
}

impl Kind {
    /// How many bytes one is.
    fn bytes(self) -> u64 {
        match self {
            Self::Float => 4,
            Self::Half => 2,
            Self::Signed | Self::Unsigned => 1,
        }
    }
}

/// A tensor as far as it was read.
#[derive(Default)]
pub(crate) struct Stored {
    pub(crate) shape: Vec<u64>,
    pub(crate) kind: u64,
    pub(crate) external: Option<String>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Stored {
    /// As a weight, if it is a large matrix of a known kind, all of it in one place.
    pub(crate) fn weight(self, name: String) -> Option<Weight> {
        let kind = match self.kind {
            1 => Kind::Float,
            2 => Kind::Unsigned,
            3 => Kind::Signed,
            10 => Kind::Half,
            _ => return None,
        };
        let length = self.shape.iter().try_fold(kind.bytes(), |a, &b| a.checked_mul(b))?;
        let shape = self.shape.iter().map(|&rows| i64::try_from(rows).ok()).collect::<Option<Vec<_>>>()?;
        let fits = shape.len() > 1 && length >= LEAST_BYTES && length == self.length;
        fits.then_some(Weight { name, shape, kind, external: self.external, offset: self.offset })
    }
}
