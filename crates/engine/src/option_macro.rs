//! [`options!`](crate::options!): the macro that declares options.

/// Declares options: a struct of typed options, a struct of checked options, and the table.
///
/// ```
/// use spanframe_engine::{OptionError, OptionTable, option_check::{at_least, or}, options};
///
/// options! {
///     /// Options as typed.
///     pub struct RawCut;
///
///     /// Options, checked.
///     pub struct Cut {
///         /// Not an option; starts with the default of its type.
///         pub done: bool,
///     }
///
///     /// Cut after this many rows.
///     ///
///     /// More about it, for `--help` and the docstring.
///     rows: i64 => Option<usize> = at_least(1), Call, value "ROWS", default "no limit", short 'r';
///
///     /// Keep what was cut.
///     keep: bool => bool = or(false), Call, value "BOOL", default "false";
/// }
///
/// let cut = Cut::check(&RawCut { rows: Some(3), ..RawCut::default() })?;
/// assert_eq!((cut.rows, cut.keep, cut.done), (Some(3), false, false));
/// assert_eq!(RawCut::OPTIONS[0].summary(), "Cut after this many rows");
/// # Ok::<(), OptionError>(())
/// ```
///
/// A row is `name: Typed => Checked = check, Scope, value V, default D`, then what it may leave out: `short`, `names`
/// (the enum whose variants are its values) and `page` (of the documentation). Its doc comment is the documentation
/// everywhere: the first paragraph is the summary.
///
/// `check` is a function of the option's name and its typed value, `None` if the option was left out. A row without
/// `=> Checked = check` is only in the typed struct; the caller sets another field from it.
#[macro_export]
macro_rules! options {
    (
        $(#[$raw_meta:meta])* pub struct $raw:ident;

        $(#[$checked_meta:meta])* pub struct $checked:ident {
            $($(#[$extra_meta:meta])* pub $extra:ident: $extra_type:ty,)*
        }

        $(
            $(#[doc = $doc:literal])+
            $name:ident: $type:ty $(=> $value_type:ty = $check:expr)?,
                $scope:ident, value $value:literal, default $default:expr
                $(, short $short:literal)? $(, names $names:ty)? $(, page $page:literal)?;
        )+
    ) => {
        $(#[$raw_meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $raw {
            $($(#[doc = $doc])+ pub $name: Option<$type>,)+
        }

        $(#[$checked_meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $checked {
            $($(
                #[doc = concat!("Checked form of [`", stringify!($raw), "::", stringify!($name), "`].")]
                pub $name: $value_type,
            )?)+
            $($(#[$extra_meta])* pub $extra: $extra_type,)*
        }

        impl $crate::OptionTable for $raw {
            const OPTIONS: &'static [$crate::OptionSpec] = &[$($crate::OptionSpec {
                name: stringify!($name),
                option_type: <$type as $crate::option_table::TypedOption>::TYPE,
                names: $crate::option_table::first(&[$($crate::option_table::names::<$names>)?]),
                default: $default,
                scope: $crate::option_table::Scope::$scope,
                value: $value,
                short: $crate::option_table::first(&[$($short)?]),
                page: $crate::option_table::first(&[$($page)?]),
                doc: &[$($doc),+],
            }),+];

            fn read<E>(
                mut source: impl FnMut(&'static $crate::OptionSpec) -> Result<Option<$crate::OptionValue>, E>,
            ) -> Result<Self, E> {
                let mut rows = Self::OPTIONS.iter();
                let mut next = || rows.next().map_or(Ok(None), &mut source);
                Ok(Self { $($name: next()?.and_then($crate::option_table::TypedOption::from_value),)+ })
            }
        }

        impl $raw {
            /// These options, and those of `other` where one was left out.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)+ }
            }
        }

        impl $checked {
            /// Checks each option by itself. Fields that are no options have their defaults.
            fn check(raw: &$raw) -> Result<Self, $crate::OptionError> {
                Ok(Self {
                    $($($name: $check(stringify!($name), raw.$name.clone())?,)?)+
                    $($extra: Default::default(),)*
                })
            }
        }
    };
}
