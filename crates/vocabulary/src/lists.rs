//! [`Lists`]: a list for each item, one after the other, with where each ends.

use std::{
    io::{self, Write as _},
    marker::PhantomData,
    path::Path,
};

use bytemuck::{Pod, Zeroable};

use crate::{
    build::{PassError, fits},
    section::{Section, SectionKind, SectionWriter},
};

/// A text in the list of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Posting {
    pub text: u32,
    /// [`byte`] of its rarest other words, 0 for none.
    pub others: [u8; 4],
}

/// A number from 1 to 255 that stands for a word. Few other words have the same.
pub(crate) fn byte(word: u32) -> u8 {
    // the upper bits depend on all
    1 + (word.wrapping_mul(0x9e37_79b1) >> 16) as u8 % 255
}

impl Posting {
    /// `counts` says how many texts have each word.
    pub(crate) fn new(text: u32, words: &[u32], word: u32, counts: &[u32]) -> Self {
        let mut others = [(u32::MAX, 0_u32); 4];
        for other in words.iter().filter(|other| **other != word) {
            let new = (counts[*other as usize], *other);
            if new < others[3] {
                others[3] = new;
                others.sort_unstable();
            }
        }
        let others = others.map(|(count, other)| if count == u32::MAX { 0 } else { byte(other) });
        Self { text, others }
    }
}

/// What a list may hold.
pub(crate) trait Numbered: Pod {
    fn number(self) -> u32;
}

impl Numbered for u32 {
    fn number(self) -> u32 {
        self
    }
}

impl Numbered for Posting {
    fn number(self) -> u32 {
        self.text
    }
}

/// Elements from one of [`Lists::steps`] to the next.
const STEP: usize = 32;

/// Lists of an open file.
#[derive(Debug)]
pub(crate) struct Lists<T> {
    ends: Section,
    elements: Section,
    /// The number of every 32nd element of all lists: a search reads these, which fit the caches.
    steps: Vec<u32>,
    element: PhantomData<T>,
}

impl<T: Numbered> Lists<T> {
    /// `None` if there are not `count` lists of numbers below `below`.
    pub(crate) fn open(ends: Section, elements: Section, count: usize, below: usize) -> Option<Self> {
        let all_ends: &[u32] = bytemuck::try_cast_slice(ends.as_ref()).ok()?;
        let all: &[T] = bytemuck::try_cast_slice(elements.as_ref()).ok()?;
        let is_sound = all_ends.len() == count
            && all_ends.is_sorted()
            && all_ends.last().map_or(0, |end| *end as usize) == all.len()
            && all.iter().all(|element| (element.number() as usize) < below);
        let steps = all.iter().step_by(STEP).map(|element| element.number()).collect();
        is_sound.then_some(Self { ends, elements, steps, element: PhantomData })
    }

    fn all(&self) -> &[T] {
        bytemuck::cast_slice(self.elements.as_ref())
    }

    fn bounds(&self, item: usize) -> [usize; 2] {
        let ends: &[u32] = bytemuck::cast_slice(self.ends.as_ref());
        [item.checked_sub(1).map_or(0, |before| ends[before]), ends[item]].map(|bound| bound as usize)
    }

    pub(crate) fn len(&self, item: usize) -> usize {
        let [start, end] = self.bounds(item);
        end - start
    }

    pub(crate) fn get(&self, item: usize) -> &[T] {
        let [start, end] = self.bounds(item);
        &self.all()[start..end]
    }

    /// A part of an ascending list that has all numbers from `from` to before `to`, and few others.
    pub(crate) fn part(&self, item: usize, (from, to): (u32, u32)) -> &[T] {
        let [start, end] = self.bounds(item);
        if end - start <= 2 * STEP {
            return &self.all()[start..end];
        }
        let first = start.div_ceil(STEP);
        let steps = &self.steps[first..end.div_ceil(STEP).max(first)];
        let at = |step: usize| ((first + step) * STEP).min(end);
        let part_start = match steps.partition_point(|number| *number < from) {
            0 => start,
            after => at(after - 1),
        };
        &self.all()[part_start..at(steps.partition_point(|number| *number < to)).max(part_start)]
    }
}

/// Writes lists in order.
pub(crate) struct ListWriter {
    numbers: SectionWriter,
    ends: SectionWriter,
}

impl ListWriter {
    pub(crate) fn new(folder: &Path, numbers: SectionKind, ends: SectionKind) -> io::Result<Self> {
        Ok(Self { numbers: SectionWriter::new(folder, numbers)?, ends: SectionWriter::new(folder, ends)? })
    }

    pub(crate) fn push(&mut self, list: &[u32]) -> Result<(), PassError> {
        self.numbers.write_all(bytemuck::cast_slice(list))?;
        let end = fits(self.numbers.length / size_of::<u32>() as u64, "parts of terms")?;
        Ok(self.ends.write_all(&end.to_le_bytes())?)
    }

    pub(crate) fn finish(self) -> [SectionWriter; 2] {
        [self.numbers, self.ends]
    }
}

/// Turns lists of what each item has into lists of the items that have it, with where these end.
///
/// For the words of texts: an item is a text, and it has words, which are the things. `counts` says how many items have each
/// thing. `each_item` passes over all items in order, and hands on the things of each. It runs several times: each time the
/// lists of as many things as fit into memory are made. `element` makes an element of a list, from the number of the item,
/// all its things, and the thing whose list it is.
pub(crate) fn invert<T: Pod>(
    counts: &[u32], folder: &Path, memory: usize, kinds: [SectionKind; 2],
    mut each_item: impl FnMut(&mut dyn FnMut(&[u32])) -> Result<(), PassError>,
    element: impl Fn(u32, &[u32], u32) -> T,
) -> Result<[SectionWriter; 2], PassError> {
    let [mut lists, mut ends] = [SectionWriter::new(folder, kinds[0])?, SectionWriter::new(folder, kinds[1])?];
    let most = (memory / size_of::<T>()).max(1);
    let mut first = 0;
    while first < counts.len() {
        let mut total = 0;
        let fitting = counts[first..].iter().take_while(|count| {
            total += **count as usize;
            total <= most
        });
        let last = first + fitting.count().max(1);
        // where the next item of each thing goes
        let mut end = 0;
        let mut next: Vec<usize> = Vec::with_capacity(last - first);
        let written = lists.length / size_of::<T>() as u64;
        for count in &counts[first..last] {
            next.push(end);
            end += *count as usize;
            ends.write_all(&fits(written + end as u64, "parts of terms")?.to_le_bytes())?;
        }
        let mut elements = vec![T::zeroed(); end];
        let mut item = 0_u32;
        each_item(&mut |things| {
            for thing in things.iter().copied().filter(|thing| (first..last).contains(&(*thing as usize))) {
                let at = &mut next[thing as usize - first];
                elements[*at] = element(item, things, thing);
                *at += 1;
            }
            item += 1;
        })?;
        lists.write_all(bytemuck::cast_slice(&elements))?;
        first = last;
    }
    Ok([lists, ends])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverted_lists_have_every_item_and_parts_of_them_a_range() {
        let folder = tempfile::tempdir().unwrap();
        // item 12 has the things 2, 3, 4 and 6
        let of_item = |item: u32| (1..40_u32).filter(|thing| item.is_multiple_of(*thing)).collect::<Vec<_>>();
        let counts: Vec<u32> = (0..40).map(|thing| if thing == 0 { 0 } else { 1000_u32.div_ceil(thing) }).collect();
        let kinds = [SectionKind::WordPostings, SectionKind::WordPostingEnds];
        for memory in [1, 5000, 1 << 20] {
            let each = |each: &mut dyn FnMut(&[u32])| {
                (0..1000).for_each(|item| each(&of_item(item)));
                Ok(())
            };
            let [lists, ends] = invert(&counts, folder.path(), memory, kinds, each, |item, _, _| item).unwrap();
            let lists: Lists<u32> = Lists::open(Section::of(ends), Section::of(lists), 40, 1000).unwrap();
            assert_eq!((lists.len(0), lists.get(1).len()), (0, 1000));
            for thing in 1..40_u32 {
                let expected: Vec<u32> = (0..1000).step_by(thing as usize).collect();
                assert_eq!(lists.get(thing as usize), expected);
                for range in [(0, 1000), (0, u32::MAX), (500, 500), (333, 720), (999, 1000)] {
                    let part = lists.part(thing as usize, range);
                    let inside = |list: &[u32]| -> Vec<u32> {
                        list.iter().copied().filter(|item| (range.0..range.1).contains(item)).collect()
                    };
                    assert_eq!(inside(part), inside(&expected), "{thing} {range:?}");
                    assert!(part.len() <= inside(part).len() + 2 * STEP + 1);
                }
            }
        }
    }

    #[test]
    fn a_posting_tells_of_the_rarest_other_words() {
        let counts = [9, 1, 7, 3, 5, 2];
        let others = |words: &[u32], word| Posting::new(0, words, word, &counts).others;
        assert_eq!(others(&[0, 1, 2, 3, 4, 5], 5), [byte(1), byte(3), byte(4), byte(2)]);
        assert_eq!((others(&[2, 4], 2), others(&[2], 2)), ([byte(4), 0, 0, 0], [0; 4]));
        assert!((0..1000).all(|word| byte(word) > 0));
    }
}
