//! [`Weight`]: a weight matrix in an ONNX file that is large enough for sessions to share.

/// Smallest weight that is shared, in bytes.
const LEAST_BYTES: u64 = 1 << 16;

/// A large weight of the main graph, and where its values are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) name: String,
    pub(crate) shape: Vec<i64>,
    pub(crate) element_type: ElementType,
    /// The file of external data; `None` for the ONNX file itself.
    pub(crate) external: Option<String>,
    /// Position of the first byte in that file.
    pub(crate) offset: u64,
}

/// Types of values that are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ElementType {
    Float32,
    Float16,
    Int8,
    Uint8,
}

impl Weight {
    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        self.shape.iter().map(|&length| length as usize).product()
    }

    /// Size in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.element_type.bytes() * self.count() as u64
    }
}

impl ElementType {
    /// The type with this number in onnx.proto's `TensorProto.DataType`.
    fn from_onnx(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::Float32),
            2 => Some(Self::Uint8),
            3 => Some(Self::Int8),
            10 => Some(Self::Float16),
            _ => None,
        }
    }

    /// Size of one value in bytes.
    fn bytes(self) -> u64 {
        match self {
            Self::Float32 => 4,
            Self::Float16 => 2,
            Self::Int8 | Self::Uint8 => 1,
        }
    }
}

/// A tensor without its values, as the file describes it.
#[derive(Default)]
pub(crate) struct TensorHeader {
    pub(crate) shape: Vec<u64>,
    /// Number in `TensorProto.DataType`.
    pub(crate) data_type: u64,
    pub(crate) external: Option<String>,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl TensorHeader {
    /// The tensor as a weight; `None` if it is small, a vector, of another type, or not stored as one run of bytes.
    pub(crate) fn weight(self, name: String) -> Option<Weight> {
        let element_type = ElementType::from_onnx(self.data_type)?;
        let bytes = self.shape.iter().try_fold(element_type.bytes(), |a, &b| a.checked_mul(b))?;
        let shape = self.shape.iter().map(|&length| i64::try_from(length).ok()).collect::<Option<Vec<_>>>()?;
        let fits = shape.len() > 1 && bytes >= LEAST_BYTES && bytes == self.length;
        fits.then_some(Weight { name, shape, element_type, external: self.external, offset: self.offset })
    }
}
