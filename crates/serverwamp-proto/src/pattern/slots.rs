//! Sets of small numbers that take little room however many they hold, and can be intersected quickly when they hold many.

/// Up to this many numbers a list is as good as anything.
const FEW: usize = 32;

/// A list of four octets for each number takes as much room as a bit for each number below the highest when one in so many
/// is in the set.
const ONE_IN: usize = 32;

const BITS: usize = u64::BITS as usize;

/// A bit for each number.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) fn insert(&mut self, number: u32) {
        let (word, bit) = place(number);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            self.len += usize::from(*word & bit == 0);
            *word |= bit;
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        let (word, bit) = place(number);
        if let Some(word) = self.words.get_mut(word) {
            self.len -= usize::from(*word & bit != 0);
            *word &= !bit;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        each(&self.words)
    }
}

/// The numbers whose bits are set.
pub(super) fn each(words: &[u64]) -> impl Iterator<Item = u32> {
    words.iter().enumerate().flat_map(|(at, word)| {
        let mut left = *word;
        std::iter::from_fn(move || {
            let bit = left.trailing_zeros() as usize;
            if left == 0 {
                return None;
            }
            left &= left - 1;
            u32::try_from(at * BITS + bit).ok()
        })
    })
}

const fn place(number: u32) -> (usize, u64) {
    (number as usize / BITS, 1 << (number as usize % BITS))
}

/// A set that is a list as long as that takes less room.
#[derive(Clone, Debug)]
pub(super) enum Slots {
    Listed(Vec<u32>),
    Marked(Bits),
}

impl Slots {
    pub(super) const fn new() -> Self {
        Self::Listed(Vec::new())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Listed(list) => list.len(),
            Self::Marked(bits) => bits.len(),
        }
    }

    /// Adds a number that is not in it.
    pub(super) fn insert(&mut self, number: u32) {
        match self {
            Self::Listed(list) => {
                list.push(number);
                let highest = || list.iter().copied().max().unwrap_or(0) as usize;
                let len = list.len();
                if len > FEW && len.is_power_of_two() && highest() / ONE_IN < len {
                    let mut bits = Bits::default();
                    list.iter().for_each(|number| bits.insert(*number));
                    *self = Self::Marked(bits);
                }
            }
            // Twice as much as the list, so that it does not go to and fro.
            Self::Marked(bits) if number as usize / ONE_IN > 2 * bits.len() => {
                let mut list: Vec<u32> = bits.iter().collect();
                list.push(number);
                *self = Self::Listed(list);
            }
            Self::Marked(bits) => bits.insert(number),
        }
    }

    pub(super) fn remove(&mut self, number: u32) {
        match self {
            Self::Listed(list) => {
                if let Some(place) = list.iter().position(|one| *one == number) {
                    list.swap_remove(place);
                }
            }
            Self::Marked(bits) => bits.remove(number),
        }
    }

    /// Sets the bits of its numbers in `words`.
    pub(super) fn mark(&self, words: &mut [u64]) {
        match self {
            Self::Listed(list) => {
                for number in list {
                    let (word, bit) = place(*number);
                    words.get_mut(word).into_iter().for_each(|word| *word |= bit);
                }
            }
            Self::Marked(bits) => words.iter_mut().zip(bits.words()).for_each(|(word, more)| *word |= more),
        }
    }

    pub(super) fn visit(&self, visit: &mut dyn FnMut(u32)) {
        match self {
            Self::Listed(list) => list.iter().copied().for_each(visit),
            Self::Marked(bits) => bits.iter().for_each(visit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_set_holds_what_was_put_in_whatever_it_is_made_of() {
        let (mut slots, mut model) = (Slots::new(), BTreeSet::new());
        let mut was_marked = 0;
        for step in 0..20_000_u32 {
            // First many neighbours, then some far away, then all go.
            let number = if step < 4000 { step } else { step.wrapping_mul(2_654_435_761) >> 9 };
            if step % 3 == 2 || step > 10_000 {
                let Some(number) = model.pop_first() else { continue };
                slots.remove(number);
            } else if model.insert(number) {
                slots.insert(number);
            }
            was_marked += u32::from(matches!(slots, Slots::Marked(_)));
            assert_eq!(slots.len(), model.len());
            if step % 500 == 0 {
                let mut found = Vec::new();
                slots.visit(&mut |number| found.push(number));
                found.sort_unstable();
                assert_eq!(found, model.iter().copied().collect::<Vec<_>>());
            }
        }
        assert!(model.is_empty() && slots.len() == 0);
        assert!(was_marked > 1000);
    }

    #[test]
    fn few_numbers_far_apart_take_no_room_for_those_in_between() {
        let mut slots = Slots::new();
        (0..200).for_each(|number| slots.insert(number));
        assert!(matches!(slots, Slots::Marked(_)));
        slots.insert(1 << 30);
        assert!(matches!(&slots, Slots::Listed(list) if list.len() == 201));
    }
}
