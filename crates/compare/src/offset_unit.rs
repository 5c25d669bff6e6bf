//! Rule 2 of [`difference`](crate::difference): mentions that are equal once one column is read in another unit.

use spanframe_engine::{
    offset_convention::{Interval, OffsetConvention},
    ruler::Ruler,
};

use crate::{
    difference::{DifferenceKind, Explanation, Side},
    matcher::{Pair, equal_pairs},
    pairing::{Item, ItemList, Pairing},
};

/// The convention in which each column is read.
#[derive(Clone, Copy)]
struct Conventions {
    a: OffsetConvention,
    b: OffsetConvention,
}

/// The begins of a pair, as they stand in each column.
#[derive(Clone, Copy, Default)]
struct Begins {
    a: i64,
    b: i64,
}

/// Indices of each list, sorted by position as it stands.
struct Orders {
    a: Vec<usize>,
    b: Vec<usize>,
}

impl Pairing<'_> {
    /// With the text: pairs mentions of `side` that are those of the other column in another convention.
    pub fn pair_misread(&mut self, ruler: &Ruler<'_>, side: Side) {
        let declared = self.list(side).declared;
        for convention in OffsetConvention::all().filter(|&convention| convention != declared) {
            let reread = self.list(side).keyed(|item| {
                let fits = contradicts_declared(item, ruler, declared, convention);
                let bytes = ruler.bytes(item.mention, convention).filter(|_| fits)?;
                Some((Interval::from(bytes), item.mention.entity.as_ref()))
            });
            let others = self.list(side.other()).keyed(|item| Some((item.interval?, item.mention.entity.as_ref())));
            // pairs come with the other column as `a`
            for Pair { a: other, b: own } in equal_pairs(others, reread) {
                let pair = if side == Side::A { Pair { a: own, b: other } } else { Pair { a: other, b: own } };
                self.add(DifferenceKind::OffsetUnit, pair, Some(Explanation { side, convention }));
            }
        }
    }

    fn list(&self, side: Side) -> &ItemList<'_> {
        if side == Side::A { &self.a } else { &self.b }
    }

    /// Without the text: pairs by the one convention of one column that explains most shifts of this row.
    pub fn pair_shifted(&mut self) {
        if self.a.unused().next().is_none() || self.b.unused().next().is_none() {
            return;
        }
        let declared = Conventions { a: self.a.declared, b: self.b.declared };
        let orders = Orders { a: by_position(&self.a.items), b: by_position(&self.b.items) };
        let mut best = (Vec::new(), None);
        for explanation in explanations(declared) {
            let conventions = match explanation.side {
                Side::A => Conventions { a: explanation.convention, ..declared },
                Side::B => Conventions { b: explanation.convention, ..declared },
            };
            let pairs = self.shifted_pairs(&orders, conventions);
            if pairs.len() > best.0.len() {
                best = (pairs, Some(explanation));
            }
        }
        let (pairs, explanation) = best;
        for pair in pairs {
            self.add(DifferenceKind::OffsetUnit, pair, explanation);
        }
    }

    /// The unequal pairs of this row, if `conventions` allow all of its distances; else none.
    ///
    /// Walks both lists in order of position. Each pair must have the same chunk and type, lengths that the chunk has
    /// in both conventions, and begins whose distances to the begins before them can measure the same text:
    ///
    /// ```text
    /// A, char   0..3 tos     4..10 disnea      distance 4
    /// B, byte   0..3 tos     5..11 disnea      distance 5: one of the four characters has two bytes
    /// ```
    fn shifted_pairs(&self, orders: &Orders, conventions: Conventions) -> Vec<Pair> {
        let mut before = Begins::default();
        let (mut next, mut equal) = (0, 0);
        let mut pairs = Vec::new();
        for &a in &orders.a {
            let item = &self.a.items[a];
            let fits = |&at: &usize| may_be_same(item, &self.b.items[orders.b[at]], conventions, before);
            let Some(at) = (next..orders.b.len()).find(fits) else { continue };
            let b = orders.b[at];
            let other = &self.b.items[b];
            (before, next) = (Begins { a: item.mention.begin, b: other.mention.begin }, at + 1);
            match (item.is_used, other.is_used) {
                (true, true) => equal += 1,
                (false, false) => pairs.push(Pair { a, b }),
                // a mention with an equal one is matched with another: this is not the convention
                _ => return Vec::new(),
            }
        }
        if equal == self.equal { pairs } else { Vec::new() }
    }
}

/// True if the chunk of `item` fits `convention` and not the declared one. Without a chunk, only the unit may differ.
fn contradicts_declared(
    item: &Item<'_>, ruler: &Ruler<'_>, declared: OffsetConvention, convention: OffsetConvention,
) -> bool {
    match item.mention.chunk.as_deref() {
        Some(chunk) => {
            let shows = |convention| ruler.slice(item.mention, convention) == Some(chunk);
            !shows(declared) && shows(convention)
        }
        None => convention.is_inclusive() == declared.is_inclusive(),
    }
}

/// What may explain a shift, in the order in which it is tried.
///
/// First the declared units themselves, where they differ: without the text a shift is then expected.
fn explanations(declared: Conventions) -> impl Iterator<Item = Explanation> {
    let as_declared = (declared.a != declared.b).then_some(Explanation { side: Side::B, convention: declared.b });
    let other = |side, declared| {
        let conventions = OffsetConvention::all().filter(move |&convention| convention != declared);
        conventions.map(move |convention| Explanation { side, convention })
    };
    as_declared.into_iter().chain(other(Side::B, declared.b)).chain(other(Side::A, declared.a))
}

/// Whether two mentions can be the same one; `before` are the begins of the pair before them.
fn may_be_same(a: &Item<'_>, b: &Item<'_>, conventions: Conventions, before: Begins) -> bool {
    let (a, b) = (a.mention, b.mention);
    let Some(chunk) = a.chunk.as_deref().filter(|chunk| b.chunk.as_deref() == Some(*chunk)) else { return false };
    let (of_a, of_b) = (conventions.a.half_open(a), conventions.b.half_open(b));
    a.entity == b.entity
        && of_a.length() == conventions.a.length(chunk)
        && of_b.length() == conventions.b.length(chunk)
        && conventions.a.may_equal(of_a.begin - before.a, conventions.b, of_b.begin - before.b)
}

fn by_position(items: &[Item<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|&i| (items[i].mention.begin, items[i].mention.end, &items[i].mention.entity));
    order
}
