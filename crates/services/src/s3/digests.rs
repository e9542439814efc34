//! Checksums: S3's algorithms, and how parts' sums make one. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64_simd::STANDARD as BASE64;
use crc_fast::{CrcAlgorithm, checksum_combine};
use s3s::{
    S3Result,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256},
    s3_error,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// Whether a sum is of the object's bytes, or of its parts' sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    FullObject,
    Composite,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

impl Algorithm {
    pub const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Crc32c,
        Self::Crc64Nvme,
        Self::Sha1,
        Self::Sha256,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The name of the header or trailer with a sum.
    pub fn header(self) -> String {
        format!("x-amz-checksum-{}", self.name().to_ascii_lowercase())
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    pub fn of_header(header: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.header() == header)
    }

    fn bytes(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn crc(self) -> Option<CrcAlgorithm> {
        match self {
            Self::Crc32 => Some(CrcAlgorithm::Crc32IsoHdlc),
            Self::Crc32c => Some(CrcAlgorithm::Crc32Iscsi),
            Self::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
            Self::Sha1 | Self::Sha256 => None,
        }
    }

    /// The kind of a multipart object's sum where its uploader did not choose.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
    pub fn default_kind(self) -> Kind {
        match self {
            Self::Crc64Nvme => Kind::FullObject,
            _ => Kind::Composite,
        }
    }

    pub fn allows(self, kind: Kind) -> bool {
        match kind {
            Kind::FullObject => self.crc().is_some(),
            Kind::Composite => self != Self::Crc64Nvme,
        }
    }
}

/// A sum's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    pub algorithm: Algorithm,
    pub bytes: Vec<u8>,
}

impl Sum {
    pub fn base64(&self) -> String {
        BASE64.encode_to_string(&self.bytes)
    }

    pub fn parse(algorithm: Algorithm, text: &str) -> S3Result<Self> {
        let bytes = BASE64.decode_to_vec(text).unwrap_or_default();
        if bytes.len() != algorithm.bytes() {
            let header = algorithm.header();
            return Err(s3_error!(
                InvalidRequest,
                "Value for {header} header is invalid."
            ));
        }
        Ok(Self { algorithm, bytes })
    }
}

/// An object's checksum, as answers have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    pub algorithm: Algorithm,
    pub kind: Kind,
    pub value: String,
}

impl From<Sum> for Checksum {
    fn from(sum: Sum) -> Self {
        Self {
            algorithm: sum.algorithm,
            kind: Kind::FullObject,
            value: sum.base64(),
        }
    }
}

/// The sum of a multipart object from its parts' sums and lengths.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/tutorial-s3-mpu-additional-checksums.html>
pub fn combined(algorithm: Algorithm, kind: Kind, parts: &[(Sum, u64)]) -> Checksum {
    let crc = algorithm.crc().filter(|_| kind == Kind::FullObject);
    let value = if let Some(crc) = crc {
        full_object(crc, algorithm.bytes(), parts)
    } else {
        let mut digest = Digest::new(algorithm);
        for (sum, _) in parts {
            digest.update(&sum.bytes);
        }
        format!("{}-{}", digest.finish().base64(), parts.len())
    };
    Checksum {
        algorithm,
        kind,
        value,
    }
}

fn full_object(crc: CrcAlgorithm, bytes: usize, parts: &[(Sum, u64)]) -> String {
    let number = |sum: &Sum| {
        sum.bytes
            .iter()
            .fold(0, |all, byte| all << 8 | u64::from(*byte))
    };
    let sum = parts
        .iter()
        .map(|(sum, length)| (number(sum), *length))
        .reduce(|(all, so_far), (next, length)| {
            (checksum_combine(crc, all, next, length), so_far + length)
        })
        .map_or(0, |(sum, _)| sum);
    BASE64.encode_to_string(&sum.to_be_bytes()[8 - bytes..])
}

/// An MD5 in lower-case hexadecimal digits, as entity tags have it.
pub fn hex(md5: [u8; 16]) -> String {
    hex_simd::encode_to_string(md5, hex_simd::AsciiCase::Lower)
}

/// One running sum.
pub enum Digest {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Box<Sha1>),
    Sha256(Box<Sha256>),
}

impl Digest {
    pub fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc32 => Self::Crc32(Crc32::new()),
            Algorithm::Crc32c => Self::Crc32c(Crc32c::new()),
            Algorithm::Crc64Nvme => Self::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Self::Sha1(Box::new(Sha1::new())),
            Algorithm::Sha256 => Self::Sha256(Box::new(Sha256::new())),
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(digest) => digest.update(bytes),
            Self::Crc32c(digest) => digest.update(bytes),
            Self::Crc64Nvme(digest) => digest.update(bytes),
            Self::Sha1(digest) => digest.update(bytes),
            Self::Sha256(digest) => digest.update(bytes),
        }
    }

    pub fn finish(self) -> Sum {
        let (algorithm, bytes) = match self {
            Self::Crc32(digest) => (Algorithm::Crc32, digest.finalize().to_vec()),
            Self::Crc32c(digest) => (Algorithm::Crc32c, digest.finalize().to_vec()),
            Self::Crc64Nvme(digest) => (Algorithm::Crc64Nvme, digest.finalize().to_vec()),
            Self::Sha1(digest) => (Algorithm::Sha1, digest.finalize().to_vec()),
            Self::Sha256(digest) => (Algorithm::Sha256, digest.finalize().to_vec()),
        };
        Sum { algorithm, bytes }
    }
}

/// MD5 and some sums of one body, in one pass.
pub struct Digests {
    md5: Md5,
    sums: Vec<(Algorithm, Digest)>,
}

/// The result of [`Digests`].
pub struct Digested {
    pub md5: [u8; 16],
    pub sums: Vec<Sum>,
}

impl Digests {
    pub fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let mut sums: Vec<(Algorithm, Digest)> = Vec::new();
        for algorithm in algorithms {
            if !sums.iter().any(|(other, _)| *other == algorithm) {
                sums.push((algorithm, Digest::new(algorithm)));
            }
        }
        Self {
            md5: Md5::new(),
            sums,
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        for (_, digest) in &mut self.sums {
            digest.update(bytes);
        }
    }

    pub fn finish(self) -> Digested {
        Digested {
            md5: self.md5.finalize(),
            sums: self.sums.into_iter().map(|(_, sum)| sum.finish()).collect(),
        }
    }
}

impl Digested {
    /// The entity tag of an object or a part in one piece.
    pub fn etag(&self) -> String {
        hex(self.md5)
    }

    pub fn sum(&self, algorithm: Algorithm) -> Option<&Sum> {
        self.sums.iter().find(|sum| sum.algorithm == algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(algorithm: Algorithm, bytes: &[u8]) -> Sum {
        let mut digest = Digest::new(algorithm);
        digest.update(bytes);
        digest.finish()
    }

    #[test]
    fn sums_are_those_of_the_published_check_values() {
        // <https://reveng.sourceforge.io/crc-catalogue/all.htm>
        for (algorithm, check) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
        ] {
            let bytes = hex_simd::decode_to_vec(check).expect("hexadecimal");
            assert_eq!(sum(algorithm, b"123456789").bytes, bytes, "{algorithm:?}");
        }
    }

    #[test]
    fn the_sum_of_a_whole_follows_from_its_parts() {
        let parts = [b"1234".as_slice(), b"", b"56789"];
        for algorithm in [Algorithm::Crc32, Algorithm::Crc32c, Algorithm::Crc64Nvme] {
            let sums: Vec<_> = parts
                .iter()
                .map(|part| (sum(algorithm, part), part.len() as u64))
                .collect();
            let whole = combined(algorithm, Kind::FullObject, &sums);
            assert_eq!(whole, Checksum::from(sum(algorithm, b"123456789")));
        }
    }

    #[test]
    fn a_composite_sum_is_of_the_parts_sums_and_has_their_number() {
        let parts = [
            (sum(Algorithm::Sha256, b"a"), 1),
            (sum(Algorithm::Sha256, b"b"), 1),
        ];
        let both = [parts[0].0.bytes.clone(), parts[1].0.bytes.clone()].concat();
        let expected = format!("{}-2", sum(Algorithm::Sha256, &both).base64());
        let whole = combined(Algorithm::Sha256, Kind::Composite, &parts);
        assert_eq!(whole.value, expected);
    }

    #[test]
    fn a_value_of_another_length_is_not_a_sum() {
        assert!(Sum::parse(Algorithm::Crc32, "y/Q5Jg==").is_ok());
        for text in ["", "y/Q5", "not base64", "y/Q5JgAA"] {
            assert!(Sum::parse(Algorithm::Crc32, text).is_err(), "{text}");
        }
    }
}
