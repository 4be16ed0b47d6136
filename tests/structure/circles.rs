//! Circles in a graph of arrows: one for each strongly connected component, the shortest that there is in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;

/// One thing imports from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrow {
    pub from: String,
    pub to: String,
    /// Where that stands, and how.
    pub line: String,
}

/// A circle for each component: its nodes, then a line for each arrow.
pub fn circles(arrows: &[Arrow]) -> Vec<String> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for arrow in arrows.iter().filter(|arrow| arrow.from != arrow.to) {
        next.entry(&arrow.from).or_default().insert(&arrow.to);
    }
    let mut circles = Vec::new();
    let mut seen = BTreeSet::new();
    for &start in next.keys() {
        if seen.contains(start) {
            continue;
        }
        let Some(circle) = way(&next, start, start) else { continue };
        let component: Vec<_> =
            next.keys().filter(|&&node| reaches(&next, start, node) && reaches(&next, node, start)).collect();
        seen.extend(component.iter().map(|node| **node));
        circles.push(written(arrows, &circle, component.len()));
    }
    circles
}

fn reaches<'a>(next: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str, to: &'a str) -> bool {
    from == to || way(next, from, to).is_some()
}

/// The shortest way of at least one arrow.
fn way<'a>(next: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &'a str, to: &'a str) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        for &following in next.get(node).into_iter().flatten() {
            if before.contains_key(following) {
                continue;
            }
            before.insert(following, node);
            if following == to {
                let mut way = vec![to];
                while way.len() == 1 || *way.last()? != from {
                    way.push(before[way.last()?]);
                }
                way.reverse();
                return Some(way);
            }
            queue.push_back(following);
        }
    }
    None
}

fn written(arrows: &[Arrow], circle: &[&str], size: usize) -> String {
    let mut text = circle.join(" -> ");
    if size > circle.len() - 1 {
        write!(text, " (the shortest among {size} that are in circles with each other)").unwrap();
    }
    for pair in circle.windows(2) {
        let arrow = arrows.iter().find(|arrow| (&*arrow.from, &*arrow.to) == (pair[0], pair[1]));
        write!(text, "\n    {} -> {}: {}", pair[0], pair[1], arrow.map_or("", |arrow| &arrow.line)).unwrap();
    }
    text
}

#[test]
fn each_component_is_reported_once_by_its_shortest_circle() {
    let arrows: Vec<Arrow> = ["ab", "bc", "ca", "ba", "cd", "de", "ee", "fg", "gf"]
        .iter()
        .map(|pair| Arrow { from: pair[..1].into(), to: pair[1..].into(), line: pair.to_uppercase() })
        .collect();
    let [one, two] = &circles(&arrows)[..] else { panic!("{:#?}", circles(&arrows)) };
    assert_eq!(
        one,
        "a -> b -> a (the shortest among 3 that are in circles with each other)\n    a -> b: AB\n    b -> a: BA"
    );
    assert_eq!(two, "f -> g -> f\n    f -> g: FG\n    g -> f: GF");
}
