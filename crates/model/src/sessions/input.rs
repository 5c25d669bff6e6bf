//! [`GraphInput`]: an input of a graph, and the tensor that fills it.

use std::iter;

use ort::{
    session::Session,
    value::{DynValue, Tensor, TensorElementType, ValueType},
};

use crate::Config;

/// An input of a graph.
pub(super) struct GraphInput {
    pub(super) name: String,
    kind: InputKind,
    /// True if the graph takes 32-bit integers, not 64-bit ones.
    is_int32: bool,
}

/// The values of an input: one a token.
#[derive(Clone, Copy)]
enum InputKind {
    /// The id of the token; padding has the id `pad`.
    Ids { pad: i64 },
    /// 1 for a token to attend to; padding has 0.
    Mask,
    /// 0, the type of a text that is alone.
    Types,
    /// The number of the token in its window, counted from `first`.
    Positions { first: i64 },
}

impl GraphInput {
    /// The inputs of a session's graph.
    ///
    /// # Errors
    /// The name of an input that is not one of the four known ones.
    pub(super) fn all(session: &Session, config: &Config) -> Result<Vec<Self>, String> {
        let inputs = session.inputs().iter().map(|outlet| {
            let kind = match outlet.name() {
                "input_ids" => InputKind::Ids { pad: config.pad_token_id },
                "attention_mask" => InputKind::Mask,
                "token_type_ids" => InputKind::Types,
                "position_ids" => InputKind::Positions { first: config.first_position },
                other => return Err(other.to_string()),
            };
            let is_int32 = matches!(outlet.dtype(), ValueType::Tensor { ty: TensorElementType::Int32, .. });
            Ok(Self { name: outlet.name().to_string(), kind, is_int32 })
        });
        inputs.collect()
    }

    /// The tensor `[windows, width]` for windows of at most `width` ids; `mask` gives the mask of an id.
    pub(super) fn tensor(&self, windows: &[&[u32]], width: usize, mask: fn(u32) -> i64) -> ort::Result<DynValue> {
        let mut values = Vec::with_capacity(windows.len() * width);
        for window in windows {
            match self.kind {
                InputKind::Ids { .. } => values.extend(window.iter().map(|&id| i64::from(id))),
                InputKind::Mask => values.extend(window.iter().map(|&id| mask(id))),
                InputKind::Types => values.extend(window.iter().map(|_| 0)),
                InputKind::Positions { first } => {
                    values.extend((0..window.len() as i64).map(|i| first.saturating_add(i)));
                }
            }
            values.extend(iter::repeat_n(self.padding(), width - window.len()));
        }
        let shape = [windows.len(), width];
        if self.is_int32 {
            let values: Vec<i32> = values.into_iter().map(|v| v as i32).collect();
            return Ok(Tensor::from_array((shape, values))?.into_dyn());
        }
        Ok(Tensor::from_array((shape, values))?.into_dyn())
    }

    /// The value of a padding token.
    fn padding(&self) -> i64 {
        match self.kind {
            InputKind::Ids { pad } => pad,
            InputKind::Mask | InputKind::Types => 0,
            InputKind::Positions { first } => first.saturating_sub(1).max(0),
        }
    }
}
