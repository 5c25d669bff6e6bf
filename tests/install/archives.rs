//! Unsafe archives: entries outside of the folder, links, and zip bombs.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use tar::{EntryType, Header};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{home::Home, support::test_model};

fn zip(folder: &Path, write: impl Fn(&mut ZipWriter<File>)) -> PathBuf {
    let path = folder.join("model.zip");
    let mut writer = ZipWriter::new(File::create(&path).unwrap());
    write(&mut writer);
    writer.finish().unwrap();
    path
}

fn zip_file(writer: &mut ZipWriter<File>, name: &str, content: &[u8]) {
    writer.start_file(name, SimpleFileOptions::default()).unwrap();
    writer.write_all(content).unwrap();
}

/// A tar archive of one entry. Its name is written into the header, because the library refuses unsafe names.
fn tar(folder: &Path, name: &str, kind: EntryType) -> PathBuf {
    let path = folder.join("model.tar.gz");
    let mut builder = tar::Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::fast()));
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(if kind == EntryType::Regular { 4 } else { 0 });
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_gnu_mut().unwrap().linkname[..11].copy_from_slice(b"/etc/passwd");
    header.set_cksum();
    builder.append(&header, if kind == EntryType::Regular { &b"evil"[..] } else { &[] }).unwrap();
    builder.into_inner().unwrap().finish().unwrap();
    path
}

fn check(archive: &Path, expect: &[&str]) {
    let home = Home::new();
    for command in ["add", "import"] {
        let expect = [&["the archive", "is refused"], expect].concat();
        home.refused(&["model", command, archive.to_str().unwrap()], 3, &expect);
    }
    // and nothing was written beside the folder of models
    let beside: Vec<_> = fs::read_dir(home.folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(beside.iter().all(|name| name == "models"), "{beside:?}");
}

#[test]
fn no_entry_leads_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["../evil", "a/../../../evil", "/evil", "a\\..\\..\\evil", "C:evil"] {
        check(&zip(folder.path(), |w| zip_file(w, name, b"evil")), &["leads out of the folder"]);
        check(&tar(folder.path(), name, EntryType::Regular), &["leads out of the folder"]);
    }
}

#[test]
fn no_entry_is_a_link_or_a_device() {
    let folder = tempfile::tempdir().unwrap();
    let link = |w: &mut ZipWriter<File>| w.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    check(&zip(folder.path(), link), &["`link` is a link or a device"]);
    for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Fifo] {
        check(&tar(folder.path(), "link", kind), &["`link` is a link or a device"]);
    }
}

#[test]
fn no_entry_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = zip(folder.path(), |w| {
        zip_file(w, "config_a.json", b"1");
        zip_file(w, "config_b.json", b"2");
    });
    let mut bytes = fs::read(&path).unwrap();
    while let Some(at) = bytes.windows(8).position(|w| w == b"config_b") {
        bytes[at + 7] = b'a';
    }
    fs::write(&path, bytes).unwrap();
    check(&path, &["two of its entries have the same name"]);
    let capitals = |w: &mut ZipWriter<File>| {
        zip_file(w, "config.json", b"1");
        zip_file(w, "CONFIG.JSON", b"2");
    };
    check(&zip(folder.path(), capitals), &["`CONFIG.JSON` is there twice"]);
}

#[test]
fn a_bomb_is_refused_before_it_is_large() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0; 16 << 20];
    check(&zip(folder.path(), |w| zip_file(w, "zeros", &zeros)), &["holds more than", "100 times its own size"]);
    let many = |w: &mut ZipWriter<File>| (0..10_001).for_each(|i| zip_file(w, &i.to_string(), b""));
    check(&zip(folder.path(), many), &["more than 10000 entries"]);
}

/// A tar archive whose first entry has the given kind and content.
fn tar_of(folder: &Path, kind: EntryType, content: &[u8]) -> PathBuf {
    let path = folder.join("model.tgz");
    let mut builder = tar::Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::fast()));
    for (kind, content) in [(kind, content), (EntryType::Regular, &b"{}"[..])] {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.as_gnu_mut().unwrap().name[..11].copy_from_slice(b"config.json");
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap();
    path
}

/// The tar library collects long names and attributes in memory before it returns an entry.
#[test]
fn names_and_attributes_are_no_way_around_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0; 16 << 20];
    for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader, EntryType::XGlobalHeader] {
        check(&tar_of(folder.path(), kind, &zeros), &["the name or the attributes", "more than 65536 bytes"]);
    }
    // many attributes, each below the limit
    let path = folder.path().join("model.tar.gz");
    let mut builder = tar::Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::best()));
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::XGlobalHeader);
    header.set_size(60_000);
    header.set_cksum();
    (0..200).for_each(|_| builder.append(&header, &zeros[..60_000]).unwrap());
    builder.into_inner().unwrap().finish().unwrap();
    check(&path, &["holds more than", "100 times its own size"]);
    // a message quotes only the first 1000 bytes of a name
    let home = Home::new();
    let long = tar_of(folder.path(), EntryType::GNULongName, &[b'n'; 60_000]);
    let said = home.refused(&["model", "add", long.to_str().unwrap()], 3, &["leads out of the folder"]);
    assert!(said.len() < 2000, "{} bytes", said.len());
}

#[test]
fn long_names_are_read() {
    let home = Home::new();
    let path = home.folder.path().join("ours.tar.gz");
    let mut builder = tar::Builder::new(GzEncoder::new(File::create(&path).unwrap(), Compression::fast()));
    builder.append_dir_all("n".repeat(200), test_model("distilbert")).unwrap();
    builder.into_inner().unwrap().finish().unwrap();
    home.done(&["model", "add", path.to_str().unwrap()]);
    assert_eq!(home.entities("ours"), home.entities(&test_model("distilbert")));
}

#[test]
fn a_damaged_archive_is_refused() {
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    for ending in ["zip", "tar.gz"] {
        let path = folder.path().join(format!("model.{ending}"));
        home.done(&["model", "pack", &test_model("distilbert"), path.to_str().unwrap()]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        check(&path, &["model."]);
        fs::write(&path, "not an archive").unwrap();
        check(&path, &["archive"]);
    }
}
