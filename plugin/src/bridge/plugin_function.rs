//! The functions that Polars calls by name. They check the types of the inputs, then call those of `expressions`.
//!
//! The check comes first because the reader of pyo3-polars takes pointers to Python objects for bytes, and panics at
//! types whose features are off.

use std::slice;

use arrow_array::ffi::FFI_ArrowSchema;
use polars_arrow::ffi::ArrowSchema;
use pyo3_polars::{
    derive::{_update_last_error, CallerContext},
    export::polars_ffi::version_0::SeriesExport,
};

use crate::{expressions, polars_type};

macro_rules! plugin_function {
    ($check:ident: $field:ident then $checked_field:ident, $call:ident then $checked_call:ident) => {
        /// Returns the type of the result in `output`, or leaves it empty after an error.
        ///
        /// # Safety
        /// `inputs` are `len` schemas, and `kwargs` has `kwargs_len` bytes.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $field(
            inputs: *mut ArrowSchema, len: usize, output: *mut ArrowSchema, kwargs: *const u8, kwargs_len: usize,
        ) {
            // SAFETY: the caller's promise; both libraries declare the interface's schema.
            let schemas = unsafe { slice::from_raw_parts(inputs.cast::<FFI_ArrowSchema>(), len) };
            if polars_type::$check(schemas.iter()).map_err(_update_last_error).is_ok() {
                // SAFETY: the caller's promise.
                unsafe { expressions::$checked_field(inputs, len, output, kwargs, kwargs_len) }
            }
        }

        /// Returns the result in `output`, or leaves it empty after an error.
        ///
        /// # Safety
        /// `inputs` are `len` series, `kwargs` has `kwargs_len` bytes, and `context` is valid.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $call(
            inputs: *mut SeriesExport, len: usize, kwargs: *const u8, kwargs_len: usize, output: *mut SeriesExport,
            context: *mut CallerContext,
        ) {
            // SAFETY: the caller's promise; an exported series begins with a pointer to its schema.
            let schemas = (0..len).map(|i| unsafe { &**inputs.add(i).cast::<*const FFI_ArrowSchema>() });
            if polars_type::$check(schemas).map_err(_update_last_error).is_ok() {
                // SAFETY: the caller's promise.
                unsafe { expressions::$checked_call(inputs, len, kwargs, kwargs_len, output, context) }
            }
        }
    };
}

plugin_function!(
    check_text: _polars_plugin_field_extract then _polars_plugin_field_extract_text,
    _polars_plugin_extract then _polars_plugin_extract_text
);
plugin_function!(
    check_text: _polars_plugin_field_diagnose then _polars_plugin_field_diagnose_text,
    _polars_plugin_diagnose then _polars_plugin_diagnose_text
);
plugin_function!(
    check_entities: _polars_plugin_field_link then _polars_plugin_field_link_entities,
    _polars_plugin_link then _polars_plugin_link_entities
);
