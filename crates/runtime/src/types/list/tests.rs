//! Lists through their native interface. Needs a started runtime, so only what runs without one stands here.

use super::List;

#[test]
fn the_layout_is_that_of_c() {
    assert_eq!(size_of::<List>(), 40);
}
