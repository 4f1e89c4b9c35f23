//! Library files, cut into lines, from which snippets are taken.

use std::path::Path;

use crate::random::Random;

/// Used when no folder is given.
const BUILT_IN: &str = include_str!("seeds.py");

pub struct Corpus {
    files: Vec<Vec<u8>>,
    /// Where the lines of each file begin; the end of the file closes the list.
    lines: Vec<Vec<u32>>,
}

impl Corpus {
    /// All `.py` files below `folder`, in the order of their names.
    pub fn load(folder: Option<&str>) -> Corpus {
        let mut files = vec![BUILT_IN.as_bytes().to_vec()];
        if let Some(folder) = folder {
            collect(folder.as_ref(), &mut files);
        }
        let lines = files
            .iter()
            .map(|file| {
                let mut starts = vec![0];
                starts.extend(file.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u32 + 1));
                if starts.last() != Some(&(file.len() as u32)) {
                    starts.push(file.len() as u32);
                }
                starts
            })
            .collect();
        Corpus { files, lines }
    }

    /// A whole file of at most `limit` bytes, or the beginning of one.
    pub fn file(&self, random: &mut Random, limit: usize) -> Vec<u8> {
        let file = &self.files[random.below(self.files.len())];
        file[..file.len().min(limit)].to_vec()
    }

    /// A few successive lines, moved to the left margin.
    pub fn snippet(&self, random: &mut Random, most: usize) -> Vec<u8> {
        // The seeds hold what library files seldom do, so they are taken more often.
        let index = if random.chance(25) { 0 } else { random.below(self.files.len()) };
        let (file, lines) = (&self.files[index], &self.lines[index]);
        let count = 1 + random.below(most);
        let first = random.below(lines.len() - 1);
        let last = (first + count).min(lines.len() - 1);
        let mut out = Vec::new();
        let mut margin = None;
        for pair in lines[first..=last].windows(2) {
            let line = &file[pair[0] as usize..pair[1] as usize];
            let indent = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            if line.len() > indent + 1 {
                let margin = *margin.get_or_insert(indent);
                out.extend_from_slice(&line[margin.min(indent)..]);
            } else {
                out.push(b'\n');
            }
        }
        out.truncate(4000);
        out
    }
}

fn collect(folder: &Path, files: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "py")
            && let Ok(source) = std::fs::read(&path)
            && !source.is_empty()
        {
            files.push(source);
        }
    }
}
