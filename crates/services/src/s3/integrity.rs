//! The digests and sums that a client declares of a body, and whether they are right. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>

use axum::http::HeaderMap;
use base64_simd::STANDARD as BASE64;
use s3s::{S3Error, S3Result, s3_error};

use super::{
    digests::{Algorithm, Digested, Sum},
    error_messages,
};

/// The digests and sums that a client declares of a body.
#[derive(Debug, Default, PartialEq)]
pub struct DeclaredDigests {
    md5: Option<Vec<u8>>,
    sum: Option<Sum>,
    /// The algorithm of a sum that comes after the body.
    trailer: Option<Algorithm>,
    sha256: Option<Vec<u8>>,
}

impl DeclaredDigests {
    pub fn read(headers: &HeaderMap) -> S3Result<Self> {
        let declared = Self {
            md5: text(headers, "content-md5").map(md5).transpose()?,
            sum: sum_in(headers)?,
            trailer: trailer_in(headers)?,
            sha256: text(headers, "x-amz-content-sha256")
                .map(content_sha256)
                .transpose()?
                .flatten(),
        };
        if text(headers, "x-amz-sdk-checksum-algorithm").is_some() && declared.algorithm().is_none()
        {
            return Err(s3_error!(
                InvalidRequest,
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* \
                 or x-amz-trailer headers were found."
            ));
        }
        let announced = text(headers, "x-amz-sdk-checksum-algorithm");
        if let (Some(announced), Some(sent)) = (announced, declared.algorithm())
            && !announced.eq_ignore_ascii_case(sent.name())
        {
            // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
            return Err(bad_digest(sent));
        }
        Ok(declared)
    }

    /// The algorithm of the sum that comes with the body.
    pub fn algorithm(&self) -> Option<Algorithm> {
        self.sum.as_ref().map(|sum| sum.algorithm).or(self.trailer)
    }

    /// Every algorithm that is needed for the check.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> + use<> {
        let sha256 = self.sha256.as_ref().map(|_| Algorithm::Sha256);
        self.algorithm().into_iter().chain(sha256)
    }

    /// Compares the body with what was declared; it was `digested` by [`Self::algorithms`].
    pub fn check(&self, digested: &Digested, trailers: &HeaderMap) -> S3Result<()> {
        if self.md5.as_deref().is_some_and(|md5| md5 != digested.md5) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        if let Some(declared) = &self.sha256
            && digested.sum(Algorithm::Sha256).map(|sum| &sum.bytes) != Some(declared)
        {
            return Err(error_messages::custom(
                "XAmzContentSHA256Mismatch",
                400,
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            ));
        }
        let trailing = self.trailer.map(|algorithm| trailing(algorithm, trailers));
        for declared in self.sum.iter().chain(trailing.transpose()?.as_ref()) {
            if digested.sum(declared.algorithm) != Some(declared) {
                return Err(bad_digest(declared.algorithm));
            }
        }
        Ok(())
    }
}

pub fn bad_digest(algorithm: Algorithm) -> S3Error {
    let name = algorithm.name();
    s3_error!(
        BadDigest,
        "The {name} you specified did not match the calculated checksum."
    )
}

fn text<'headers>(headers: &'headers HeaderMap, name: &str) -> Option<&'headers str> {
    headers.get(name)?.to_str().ok()
}

fn md5(text: &str) -> S3Result<Vec<u8>> {
    BASE64
        .decode_to_vec(text)
        .ok()
        .filter(|bytes| bytes.len() == 16)
        .ok_or_else(|| s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid."))
}

/// The digest of the whole body; `None`: the header says how the body is transferred.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
fn content_sha256(text: &str) -> S3Result<Option<Vec<u8>>> {
    if text == "UNSIGNED-PAYLOAD" || text.starts_with("STREAMING-") {
        return Ok(None);
    }
    hex_simd::decode_to_vec(text)
        .ok()
        .filter(|bytes| bytes.len() == 32)
        .map(Some)
        .ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, \
                 STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, \
                 STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, or a valid sha256 value."
            )
        })
}

/// The sum in a header.
pub fn sum_in(headers: &HeaderMap) -> S3Result<Option<Sum>> {
    let mut sums = Algorithm::ALL
        .into_iter()
        .filter_map(|algorithm| Some((algorithm, text(headers, &algorithm.header())?)));
    match (sums.next(), sums.next()) {
        (Some((algorithm, text)), None) => Sum::parse(algorithm, text).map(Some),
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(s3_error!(
            InvalidRequest,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )),
    }
}

fn trailer_in(headers: &HeaderMap) -> S3Result<Option<Algorithm>> {
    let Some(name) = text(headers, "x-amz-trailer") else {
        return Ok(None);
    };
    match Algorithm::of_header(name.trim()) {
        Some(algorithm) => Ok(Some(algorithm)),
        None => Err(s3_error!(
            InvalidRequest,
            "The value specified in the x-amz-trailer header is not supported"
        )),
    }
}

fn trailing(algorithm: Algorithm, trailers: &HeaderMap) -> S3Result<Sum> {
    let text = text(trailers, &algorithm.header()).unwrap_or_default();
    Sum::parse(algorithm, text).map_err(|_| {
        error_messages::custom(
            "MalformedTrailerError",
            400,
            "The request contained trailing data that was not well-formed or did not conform \
             to our published schema.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::digests::Digests;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = axum::http::HeaderName::from_static(name);
                (name, value.parse().expect("a header's value"))
            })
            .collect()
    }

    /// What comes of a body with these headers and trailers: a code of S3's, or nothing.
    fn outcome(pairs: &[(&'static str, &str)], trailers: &[(&'static str, &str)]) -> String {
        let checked = DeclaredDigests::read(&headers(pairs)).and_then(|declared| {
            let mut digests = Digests::new(declared.algorithms());
            digests.update(b"123456789");
            declared.check(&digests.finish(), &headers(trailers))
        });
        checked.map_or_else(|error| error.code().as_str().to_owned(), |()| String::new())
    }

    const MD5: &str = "JfntkgHInIMSxKfXFbiHoA==";
    const SHA256: &str = "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225";

    #[test]
    fn what_is_true_passes() {
        for (header, value) in [
            ("content-md5", "JfnnlDI7RTiF9RgfG2JNCw=="),
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-content-sha256", SHA256),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ] {
            assert_eq!(outcome(&[(header, value)], &[]), "", "{header}: {value}");
        }
        let announced = [("x-amz-trailer", "x-amz-checksum-crc32")];
        assert_eq!(
            outcome(&announced, &[("x-amz-checksum-crc32", "y/Q5Jg==")]),
            ""
        );
    }

    #[test]
    fn what_is_false_or_malformed_is_refused_by_its_own_code() {
        for (header, value, code) in [
            ("content-md5", MD5, "BadDigest"),
            ("content-md5", "short", "InvalidDigest"),
            ("x-amz-checksum-crc32", "AAAAAA==", "BadDigest"),
            ("x-amz-checksum-sha1", "AAAAAA==", "InvalidRequest"),
            ("x-amz-sdk-checksum-algorithm", "CRC32", "InvalidRequest"),
            ("x-amz-trailer", "x-amz-checksum-md4", "InvalidRequest"),
            ("x-amz-content-sha256", "of something", "InvalidArgument"),
        ] {
            assert_eq!(outcome(&[(header, value)], &[]), code, "{header}: {value}");
        }
        let other = SHA256.replace('1', "2");
        let digest = [("x-amz-content-sha256", other.as_str())];
        assert_eq!(outcome(&digest, &[]), "XAmzContentSHA256Mismatch");
        let two = [
            ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ("x-amz-checksum-crc32c", "4waSgw=="),
        ];
        assert_eq!(outcome(&two, &[]), "InvalidRequest");
        for (named, code) in [("CRC32", ""), ("crc32", ""), ("SHA256", "BadDigest")] {
            let sent = [
                ("x-amz-sdk-checksum-algorithm", named),
                ("x-amz-checksum-crc32", "y/Q5Jg=="),
            ];
            assert_eq!(outcome(&sent, &[]), code, "{named}");
        }
    }

    #[test]
    fn an_announced_trailer_must_come_and_be_true() {
        let announced = [("x-amz-trailer", "x-amz-checksum-crc32")];
        assert_eq!(outcome(&announced, &[]), "MalformedTrailerError");
        let sent = [("x-amz-checksum-crc32", "AAAAAA==")];
        assert_eq!(outcome(&announced, &sent), "BadDigest");
    }
}
