//! Pairs the mentions of two lists, rule by rule: see [`difference`](crate::difference).

use std::collections::HashMap;

use spanframe_engine::{
    Mention,
    reading::{Reading, Ruler},
};

use crate::difference::{Difference, Kind, Mentions, Side};

type Span = (i64, i64);

/// A mention, and whether it has found its place.
pub struct Item<'a> {
    mention: &'a Mention<'a>,
    /// In the unit of comparison: bytes with a text, numbers as they stand without. `None` if the text has no such place.
    span: Option<Span>,
    pub used: bool,
}

/// Two lists in the course of being paired.
pub struct Matching<'a> {
    pub a: Vec<Item<'a>>,
    pub b: Vec<Item<'a>>,
    declared: (Reading, Reading),
    pub found: Vec<Difference>,
    exact: Vec<(usize, usize)>,
}

impl<'a> Matching<'a> {
    pub fn new(a: Mentions<'a>, b: Mentions<'a>, text: Option<&Ruler<'_>>) -> Self {
        let items = |side: Mentions<'a>| {
            let reading = Reading::from(side.offsets);
            let span = |m: &Mention<'_>| text.map_or(Some(reading.half_open(m)), |ruler| ruler.span(m, reading));
            side.list.iter().map(|mention| Item { mention, span: span(mention), used: false }).collect()
        };
        let declared = (a.offsets.into(), b.offsets.into());
        Self { a: items(a), b: items(b), declared, found: Vec::new(), exact: Vec::new() }
    }

    fn pair(&mut self, kind: Kind, (a, b): (usize, usize), reading: Option<(Side, Reading)>) {
        (self.a[a].used, self.b[b].used) = (true, true);
        self.found.push(Difference { kind, a: Some(a), b: Some(b), reading });
    }

    /// Pairs of unused mentions with equal keys, in order.
    fn same<K: std::hash::Hash + Eq>(&self, key: impl Fn(&Item<'a>) -> Option<K>) -> Vec<(usize, usize)> {
        let mut places: HashMap<K, Vec<usize>> = HashMap::new();
        for (i, item) in self.a.iter().enumerate().rev().filter(|(_, item)| !item.used) {
            if let Some(key) = key(item) {
                places.entry(key).or_default().push(i);
            }
        }
        let unused = self.b.iter().enumerate().filter(|(_, item)| !item.used);
        unused.filter_map(|(j, item)| Some((places.get_mut(&key(item)?)?.pop()?, j))).collect()
    }

    pub fn equal(&mut self) {
        self.exact = self.same(|item| Some((item.span?, item.mention.entity.as_ref())));
        for &(a, b) in &self.exact {
            (self.a[a].used, self.b[b].used) = (true, true);
        }
    }

    pub fn label(&mut self) {
        for pair in self.same(|item| item.span) {
            self.pair(Kind::Label, pair, None);
        }
    }

    pub fn boundary(&mut self) {
        let mut by_begin: Vec<(Span, usize)> =
            self.b.iter().enumerate().filter(|(_, b)| !b.used).filter_map(|(j, b)| Some((b.span?, j))).collect();
        by_begin.sort_unstable();
        let mut overlaps = Vec::new();
        for (i, item) in self.a.iter().enumerate().filter(|(_, item)| !item.used) {
            let Some((begin, end)) = item.span else { continue };
            for &((other_begin, other_end), j) in by_begin.iter().take_while(|((begin, _), _)| *begin < end) {
                let overlap = end.min(other_end) - begin.max(other_begin);
                if overlap > 0 && self.b[j].mention.entity == item.mention.entity {
                    overlaps.push((-overlap, i, j));
                }
            }
        }
        overlaps.sort_unstable();
        for (_, i, j) in overlaps {
            if !self.a[i].used && !self.b[j].used {
                self.pair(Kind::Boundary, (i, j), None);
            }
        }
    }

    /// With the text: mentions of `side` that are those of the other side in another reading.
    pub fn misread(&mut self, ruler: &Ruler<'_>, side: Side) {
        let declared = if side == Side::A { self.declared.0 } else { self.declared.1 };
        for reading in Reading::all().filter(|&r| r != declared) {
            let (own, other) = if side == Side::A { (&self.a, &self.b) } else { (&self.b, &self.a) };
            let mut places: HashMap<(Span, &str), Vec<usize>> = HashMap::new();
            for (i, item) in other.iter().enumerate().rev().filter(|(_, item)| !item.used) {
                if let Some(span) = item.span {
                    places.entry((span, item.mention.entity.as_ref())).or_default().push(i);
                }
            }
            let mut pairs = Vec::new();
            for (j, item) in own.iter().enumerate().filter(|(_, item)| !item.used) {
                let mention = item.mention;
                let fits = match mention.chunk.as_deref() {
                    Some(chunk) => {
                        ruler.slice(mention, declared) != Some(chunk) && ruler.slice(mention, reading) == Some(chunk)
                    }
                    None => reading.inclusive() == declared.inclusive(),
                };
                let Some(span) = ruler.span(mention, reading).filter(|_| fits) else { continue };
                if let Some(i) = places.get_mut(&(span, mention.entity.as_ref())).and_then(Vec::pop) {
                    pairs.push(if side == Side::A { (j, i) } else { (i, j) });
                }
            }
            for pair in pairs {
                self.pair(Kind::OffsetUnit, pair, Some((side, reading)));
            }
        }
    }

    /// Without the text: the reading of one side that explains most shifts of this row.
    pub fn shifted(&mut self) {
        if self.a.iter().all(|item| item.used) || self.b.iter().all(|item| item.used) {
            return;
        }
        let (a, b) = self.declared;
        // where the units are said to differ, shifts are expected as they are
        let as_declared = (a != b).then_some((Side::B, a, b));
        let other_b = Reading::all().filter(|&r| r != b).map(|r| (Side::B, a, r));
        let other_a = Reading::all().filter(|&r| r != a).map(|r| (Side::A, r, b));
        let orders = (order(&self.a), order(&self.b));
        let mut best = (Vec::new(), None);
        for (side, a, b) in as_declared.into_iter().chain(other_b).chain(other_a) {
            let pairs = self.chain((&orders.0, &orders.1), (a, b));
            if pairs.len() > best.0.len() {
                best = (pairs, Some((side, if side == Side::A { a } else { b })));
            }
        }
        let (pairs, reading) = best;
        for pair in pairs {
            self.pair(Kind::OffsetUnit, pair, reading);
        }
    }

    /// Pairs that are no exact ones, if all distances of the row are possible in `readings`; none else.
    fn chain(&self, orders: (&[usize], &[usize]), readings: (Reading, Reading)) -> Vec<(usize, usize)> {
        let (mut last_a, mut last_b) = (0, 0);
        let (mut next, mut exact) = (0, 0);
        let mut pairs = Vec::new();
        for &i in orders.0 {
            let a = self.a[i].mention;
            let fits = |j: usize| {
                let b = self.b[j].mention;
                let Some(chunk) = a.chunk.as_deref().filter(|chunk| b.chunk.as_deref() == Some(*chunk)) else {
                    return false;
                };
                let ((a_begin, a_end), (b_begin, b_end)) = (readings.0.half_open(a), readings.1.half_open(b));
                a.entity == b.entity
                    && a_end - a_begin == readings.0.length(chunk)
                    && b_end - b_begin == readings.1.length(chunk)
                    && readings.0.may_equal(a_begin - last_a, readings.1, b_begin - last_b)
            };
            let Some(at) = (next..orders.1.len()).find(|&at| fits(orders.1[at])) else { continue };
            let j = orders.1[at];
            (last_a, last_b, next) = (a.begin, self.b[j].mention.begin, at + 1);
            match (self.a[i].used, self.b[j].used) {
                (true, true) => exact += 1,
                (false, false) => pairs.push((i, j)),
                // an equal mention is taken for another one: this is not the reading
                _ => return Vec::new(),
            }
        }
        if exact == self.exact.len() { pairs } else { Vec::new() }
    }
}

fn order(items: &[Item<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|&i| (items[i].mention.begin, items[i].mention.end, &items[i].mention.entity));
    order
}
