//! The hash of tuples against values of the reference.

use super::methods::TupleHasher;

fn hash(items: &[isize]) -> isize {
    let mut hasher = TupleHasher::new();
    for &item in items {
        hasher.add(item);
    }
    hasher.finish(items.len())
}

#[test]
fn hashes_are_those_of_the_reference() {
    assert_eq!(hash(&[]), 5_740_354_900_026_072_187);
    assert_eq!(hash(&[1]), -6_644_214_454_873_602_895);
    assert_eq!(hash(&[1, 2]), -3_550_055_125_485_641_917);
    assert_eq!(hash(&[1, 2, 3]), 529_344_067_295_497_451);
}
