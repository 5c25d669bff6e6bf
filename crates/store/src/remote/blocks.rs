//! [`Blocks`]: a cache of the blocks of a file that were used last.

use bytes::Bytes;

/// Bytes of a block. A smaller request would take about as long, as most of its time is latency.
pub const BLOCK: u64 = 1 << 20;

/// Blocks in the cache: 16 MiB per file, enough for a page of each of sixteen columns.
pub const KEPT: usize = 16;

/// Blocks by their number. The one that was used last is at the end.
#[derive(Default)]
pub struct Blocks {
    kept: Vec<(u64, Bytes)>,
}

impl Blocks {
    pub fn get(&mut self, number: u64) -> Option<Bytes> {
        let place = self.kept.iter().position(|(kept, _)| *kept == number)?;
        self.kept[place..].rotate_left(1);
        self.kept.last().map(|(_, block)| block.clone())
    }

    pub fn put(&mut self, number: u64, block: Bytes) {
        self.kept.retain(|(kept, _)| *kept != number);
        if self.kept.len() == KEPT {
            self.kept.remove(0);
        }
        self.kept.push((number, block));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_used_are_kept() {
        let mut blocks = Blocks::default();
        for number in 0..KEPT as u64 {
            blocks.put(number, Bytes::from(number.to_string()));
        }
        assert_eq!(blocks.get(0).unwrap(), "0");
        blocks.put(99, Bytes::new());
        assert!(blocks.get(1).is_none() && blocks.get(0).is_some() && blocks.get(2).is_some());
        blocks.put(2, Bytes::from("again"));
        assert_eq!((blocks.get(2).unwrap(), blocks.kept.len()), ("again".into(), KEPT));
    }
}
