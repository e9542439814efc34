//! AWS's messages for errors that s3s makes without one, and errors that s3s does not know. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use std::borrow::Cow;

use axum::http::StatusCode;
use s3s::{S3Error, S3ErrorCode};

/// An error whose code s3s does not know.
pub fn custom(code: &'static str, status: u16, message: impl Into<Cow<'static, str>>) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST));
    error
}

/// S3's message for a code.
pub fn of(code: &str) -> &'static str {
    let entry = MESSAGES.iter().find(|(known, _)| *known == code);
    entry.map_or("The request was refused", |(_, message)| message)
}

const MESSAGES: [(&str, &str); 27] = [
    ("AccessDenied", "Access Denied"),
    (
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
    ),
    (
        "BucketNotEmpty",
        "The bucket you tried to delete is not empty",
    ),
    (
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
    ),
    (
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
    ),
    (
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    ),
    (
        "InternalError",
        "We encountered an internal error. Please try again.",
    ),
    ("InvalidBucketName", "The specified bucket is not valid."),
    (
        "InvalidPart",
        "One or more of the specified parts could not be found. The part may not have been \
             uploaded, or the specified entity tag may not match the part's entity tag.",
    ),
    (
        "InvalidPartNumber",
        "The requested partnumber is not satisfiable",
    ),
    (
        "InvalidPartOrder",
        "The list of parts was not in ascending order. \
             The parts list must be specified in order by part number.",
    ),
    ("InvalidRange", "The requested range is not satisfiable"),
    (
        "InvalidStorageClass",
        "The storage class you specified is not valid",
    ),
    ("InvalidURI", "Couldn't parse the specified URI."),
    ("KeyTooLongError", "Your key is too long"),
    (
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published \
             schema",
    ),
    ("MaxMessageLengthExceeded", "Your request was too big."),
    (
        "MetadataTooLarge",
        "Your metadata headers exceed the maximum allowed metadata size (2048 bytes)",
    ),
    (
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    ),
    (
        "MissingContentLength",
        "You must provide the Content-Length HTTP header.",
    ),
    ("MissingRequestBodyError", "Request Body is empty"),
    ("NoSuchBucket", "The specified bucket does not exist"),
    ("NoSuchKey", "The specified key does not exist."),
    (
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may \
             have been aborted or completed.",
    ),
    (
        "NotImplemented",
        "A header you provided implies functionality that is not implemented",
    ),
    (
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    ),
    (
        "UserKeyMustBeSpecified",
        "The bucket POST must contain the specified field name. If it is specified, check \
             the order of the fields.",
    ),
];
