//! Finds words of the vocabulary that are spelt like the words of a mention.

use crate::query::{Query, Scored, UnknownWord};

/// The rarest trigrams of an unknown word, which are looked up: a swap of two letters changes four.
const RAREST: usize = 5;
/// More of them are, as long as they are in so few words.
const FEW: usize = 1024;
/// Words that may stand for an unknown one: at least, and in all of a mention.
const MOST: (usize, usize) = (2, 8);
/// The least share of the weight of the unknown word that such a word has.
const SHARED: f32 = 0.25;
/// Of so many candidates the words that may stand for an unknown one are chosen.
const COMPARED: usize = 16;

/// If more words are needed: how many are read at most, and how many of these are kept.
const MORE: (usize, usize) = (8192, 64);
/// A word with less than this share of the highest sum is not chosen.
const CUT: f32 = 0.5;

/// The words of the mention, and for each unknown one those that it may stand for, with their weights.
pub(crate) fn own_words(query: &mut Query<'_>) -> Vec<Scored> {
    let mut words: Vec<Scored> = query.known.iter().map(|word| (query.weight_of(*word), *word)).collect();
    let most = MOST.0.max(MOST.1 / (query.known.len() + query.unknown.len()).max(1));
    for unknown in std::mem::take(&mut query.unknown) {
        let UnknownWord { trigrams, count, weight } = unknown;
        let mut near = with_trigrams(query, trigrams, query.lexicon.of_length(count), (RAREST, FEW), COMPARED);
        near.retain(|(shared, _)| *shared >= SHARED * weight);
        // by cosine
        let norms = &query.lexicon.norms;
        near.sort_unstable_by(|a, b| (b.0 / norms[b.1]).total_cmp(&(a.0 / norms[a.1])).then(a.1.cmp(&b.1)));
        words.extend(near.into_iter().take(most));
    }
    words.sort_unstable_by_key(|(_, word)| *word);
    words.dedup_by_key(|(_, word)| *word);
    words
}

/// Words that share the most with the whole mention, with their weights.
pub(crate) fn more_words(query: &mut Query<'_>) -> Vec<Scored> {
    with_trigrams(query, query.trigrams.clone(), (0, u32::MAX), (1, MORE.0), MORE.1)
}

/// The best `wanted` words of a range that have the rarest of the trigrams: at least `least.0` of these are read, and more
/// as long as `least.1` words have them.
fn with_trigrams(
    query: &mut Query<'_>, mut trigrams: Vec<(u32, f32)>, range: (u32, u32), least: (usize, usize), wanted: usize,
) -> Vec<Scored> {
    let lists = &query.lexicon.with_trigram;
    trigrams.sort_unstable_by_key(|(trigram, _)| (lists.len(*trigram as usize), *trigram));
    trigrams.dedup_by_key(|(trigram, _)| *trigram);
    let sums = &mut query.scratch.word_sums;
    if sums.len() < query.lexicon.norms.len() {
        sums.resize(query.lexicon.norms.len(), 0.0);
    }
    let (mut found, mut count, mut total, mut highest) = (Vec::with_capacity(2 * FEW), 0, 0, 0.0_f32);
    for (at, (trigram, weight)) in trigrams.into_iter().enumerate() {
        let list = lists.part(trigram as usize, range);
        total += list.len();
        if at >= least.0 && total > least.1 {
            break;
        }
        found.resize(count + list.len(), 0);
        for word in list {
            let (before, sum) = (sums[*word as usize], sums[*word as usize] + weight);
            sums[*word as usize] = sum;
            // without a branch: a processor cannot foresee which words are new
            found[count] = *word;
            count += usize::from(before == 0.0);
            highest = if sum > highest { sum } else { highest };
        }
    }
    let mut words = Vec::with_capacity(64);
    for word in &found[..count] {
        let sum = std::mem::take(&mut sums[*word as usize]);
        if sum >= highest * CUT {
            words.push((sum / query.lexicon.norms[*word as usize], *word as usize));
        }
    }
    if words.len() > wanted {
        words.select_nth_unstable_by(wanted, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        words.truncate(wanted);
    }
    words.into_iter().map(|(_, word)| (query.weight_of(word), word)).collect()
}
