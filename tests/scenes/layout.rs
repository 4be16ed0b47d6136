//! Where the windows of a picture stand, in pixels: a page in a browser has no columns.

use super::scene::{Picture, Scene, Window};

/// A character in the font of the pictures.
pub const CELL: (u32, u32) = (9, 19);
/// Around the text of a window: space; with a border of one pixel. Between two windows.
pub const PADDING: u32 = 4;
const EDGE: u32 = PADDING + 1;
const GAP: u32 = 8;
/// The title above a window.
pub const TITLE: u32 = CELL.1 + 2 * EDGE;
/// Of windows side by side; what would be wider begins a new row. Two windows of 60 columns are as wide as one of 122.
const WIDTH: u32 = 122 * CELL.0 + 2 * EDGE;

/// A corner of a window, or its size: pixels from the left and from above.
pub type Place = (u32, u32);

/// The windows that are shown, with their places, and the size of the picture: in rows, or in two columns where that is
/// lower and not too wide.
pub fn layout<'a>(scene: &'a Scene, picture: &Picture) -> (Vec<(&'a Window, Place)>, Place) {
    let shown: Vec<&Window> = if picture.windows.is_empty() {
        scene.pages.iter().chain(scene.shown()).collect()
    } else {
        picture.windows.iter().map(|window| &scene.windows[*window]).collect()
    };
    let columns = (1..shown.len()).map(|left| {
        let (left, right) = shown.split_at(left);
        let (mut placed, size) = column(left, 0);
        let (beside, other) = column(right, size.0 + GAP);
        placed.extend(beside);
        (placed, (other.0, size.1.max(other.1)))
    });
    let fitting = columns.filter(|(_, size)| size.0 <= WIDTH);
    fitting.chain([rows(&shown)]).min_by_key(|(_, size)| size.1).unwrap_or_default()
}

/// Windows from the left to the right, in as many rows as it takes.
fn rows<'a>(windows: &[&'a Window]) -> (Vec<(&'a Window, Place)>, Place) {
    let (mut placed, mut size, mut at): (_, Place, Place) = (Vec::new(), (0, 0), (0, 0));
    for window in windows {
        let (width, height) = outer(window);
        if at.0 > 0 && at.0 + width > WIDTH {
            at = (0, size.1 + GAP);
        }
        placed.push((*window, at));
        size = (size.0.max(at.0 + width), size.1.max(at.1 + TITLE + height));
        at.0 += width + GAP;
    }
    (placed, size)
}

/// Windows below each other, from this place at the top; where the column ends.
fn column<'a>(windows: &[&'a Window], x: u32) -> (Vec<(&'a Window, Place)>, Place) {
    let (mut placed, mut size) = (Vec::new(), (x, 0));
    for window in windows {
        let at = (x, if size.1 == 0 { 0 } else { size.1 + GAP });
        let (width, height) = outer(window);
        placed.push((*window, at));
        size = (size.0.max(x + width), at.1 + TITLE + height);
    }
    (placed, size)
}

/// The size of a window below its title.
pub fn outer(window: &Window) -> Place {
    (u32::from(window.columns) * CELL.0 + 2 * EDGE, u32::from(window.rows) * CELL.1 + 2 * EDGE)
}
