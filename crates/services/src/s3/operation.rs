//! The operation of a request, from its method, path, query and headers. Pure.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>

use std::borrow::Cow;

use axum::http::{Method, request::Parts};

use super::{parameters, unsupported};

const OTHER: &str = "Other";

/// Subresources of a bucket: the query parameter, and the operations for GET, PUT and DELETE.
#[rustfmt::skip]
const OF_BUCKETS: [(&str, [&str; 3]); 29] = [
    ("abac", ["GetBucketAbac", "PutBucketAbac", OTHER]),
    ("accelerate", ["GetBucketAccelerateConfiguration", "PutBucketAccelerateConfiguration", OTHER]),
    ("acl", ["GetBucketAcl", "PutBucketAcl", OTHER]),
    ("analytics", ["GetBucketAnalyticsConfiguration", "PutBucketAnalyticsConfiguration", "DeleteBucketAnalyticsConfiguration"]),
    ("cors", ["GetBucketCors", "PutBucketCors", "DeleteBucketCors"]),
    ("encryption", ["GetBucketEncryption", "PutBucketEncryption", "DeleteBucketEncryption"]),
    ("intelligent-tiering", ["GetBucketIntelligentTieringConfiguration", "PutBucketIntelligentTieringConfiguration", "DeleteBucketIntelligentTieringConfiguration"]),
    ("inventory", ["GetBucketInventoryConfiguration", "PutBucketInventoryConfiguration", "DeleteBucketInventoryConfiguration"]),
    ("lifecycle", ["GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"]),
    ("location", ["GetBucketLocation", OTHER, OTHER]),
    ("logging", ["GetBucketLogging", "PutBucketLogging", OTHER]),
    ("metadataAnnotationTable", [OTHER, "UpdateBucketMetadataAnnotationTableConfiguration", OTHER]),
    ("metadataConfiguration", ["GetBucketMetadataConfiguration", OTHER, "DeleteBucketMetadataConfiguration"]),
    ("metadataInventoryTable", [OTHER, "UpdateBucketMetadataInventoryTableConfiguration", OTHER]),
    ("metadataJournalTable", [OTHER, "UpdateBucketMetadataJournalTableConfiguration", OTHER]),
    ("metadataTable", ["GetBucketMetadataTableConfiguration", OTHER, "DeleteBucketMetadataTableConfiguration"]),
    ("metrics", ["GetBucketMetricsConfiguration", "PutBucketMetricsConfiguration", "DeleteBucketMetricsConfiguration"]),
    ("notification", ["GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration", OTHER]),
    ("object-lock", ["GetObjectLockConfiguration", "PutObjectLockConfiguration", OTHER]),
    ("ownershipControls", ["GetBucketOwnershipControls", "PutBucketOwnershipControls", "DeleteBucketOwnershipControls"]),
    ("policy", ["GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"]),
    ("policyStatus", ["GetBucketPolicyStatus", OTHER, OTHER]),
    ("publicAccessBlock", ["GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"]),
    ("replication", ["GetBucketReplication", "PutBucketReplication", "DeleteBucketReplication"]),
    ("requestPayment", ["GetBucketRequestPayment", "PutBucketRequestPayment", OTHER]),
    ("session", ["CreateSession", OTHER, OTHER]),
    ("tagging", ["GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"]),
    ("versioning", ["GetBucketVersioning", "PutBucketVersioning", OTHER]),
    ("website", ["GetBucketWebsite", "PutBucketWebsite", "DeleteBucketWebsite"]),
];

/// As [`OF_BUCKETS`], of objects.
#[rustfmt::skip]
const OF_OBJECTS: [(&str, [&str; 3]); 9] = [
    ("acl", ["GetObjectAcl", "PutObjectAcl", OTHER]),
    ("annotation", ["GetObjectAnnotation", "PutObjectAnnotation", "DeleteObjectAnnotation"]),
    ("attributes", ["GetObjectAttributes", OTHER, OTHER]),
    ("encryption", [OTHER, "UpdateObjectEncryption", OTHER]),
    ("legal-hold", ["GetObjectLegalHold", "PutObjectLegalHold", OTHER]),
    ("renameObject", [OTHER, "RenameObject", OTHER]),
    ("retention", ["GetObjectRetention", "PutObjectRetention", OTHER]),
    ("tagging", ["GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"]),
    ("torrent", ["GetObjectTorrent", OTHER, OTHER]),
];

/// What is read one by one by its name, or listed without: the parameter of the name, both operations.
#[rustfmt::skip]
const LISTED_WITHOUT: [(&str, &str, &str); 5] = [
    ("annotationName", "GetObjectAnnotation", "ListObjectAnnotations"),
    ("id", "GetBucketAnalyticsConfiguration", "ListBucketAnalyticsConfigurations"),
    ("id", "GetBucketIntelligentTieringConfiguration", "ListBucketIntelligentTieringConfigurations"),
    ("id", "GetBucketInventoryConfiguration", "ListBucketInventoryConfigurations"),
    ("id", "GetBucketMetricsConfiguration", "ListBucketMetricsConfigurations"),
];

/// As it is counted: with a parameter that it does not have, an operation is not asked for.
pub fn operation(parts: &Parts) -> Cow<'static, str> {
    let named = of(parts);
    let query = parts.uri.query().unwrap_or_default();
    if unsupported::is_supported_operation(named) && parameters::stray(named, query).is_some() {
        return OTHER.into();
    }
    named.into()
}

/// The operation's name by what is known of its parameters; "Other" where AWS has none.
pub fn of(parts: &Parts) -> &'static str {
    let path = parts.uri.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    let query = Query(parts.uri.query().unwrap_or_default());
    match path.split_once('/') {
        None if path.is_empty() => bucketless(&parts.method),
        // No bucket has a name in upper case.
        None if path == "WriteGetObjectResponse" => "WriteGetObjectResponse",
        None | Some((_, "")) => of_bucket(&parts.method, query),
        Some(_) => of_object(
            &parts.method,
            query,
            parts.headers.contains_key("x-amz-copy-source"),
        ),
    }
}

#[derive(Clone, Copy)]
struct Query<'query>(&'query str);

impl Query<'_> {
    fn has(self, name: &str) -> bool {
        self.0
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    }

    fn has_pair(self, pair: &str) -> bool {
        self.0.split('&').any(|other| other == pair)
    }
}

fn bucketless(method: &Method) -> &'static str {
    if method == Method::GET {
        "ListBuckets"
    } else {
        OTHER
    }
}

fn of_bucket(method: &Method, query: Query<'_>) -> &'static str {
    if let Some(operation) = by_parameter(&OF_BUCKETS, method, query) {
        return operation;
    }
    match *method {
        Method::PUT => "CreateBucket",
        Method::HEAD => "HeadBucket",
        Method::DELETE => "DeleteBucket",
        Method::POST if query.has("delete") => "DeleteObjects",
        Method::POST if query.has("metadataConfiguration") => "CreateBucketMetadataConfiguration",
        Method::POST if query.has("metadataTable") => "CreateBucketMetadataTableConfiguration",
        Method::POST => "PostObject",
        Method::GET if query.has("uploads") => "ListMultipartUploads",
        Method::GET if query.has("versions") => "ListObjectVersions",
        Method::GET if query.has_pair("list-type=2") => "ListObjectsV2",
        Method::GET => "ListObjects",
        _ => OTHER,
    }
}

fn of_object(method: &Method, query: Query<'_>, copies: bool) -> &'static str {
    if let Some(operation) = by_parameter(&OF_OBJECTS, method, query) {
        return operation;
    }
    let upload = query.has("uploadId");
    match *method {
        Method::GET if upload => "ListParts",
        Method::GET => "GetObject",
        Method::HEAD => "HeadObject",
        Method::PUT if upload && copies => "UploadPartCopy",
        Method::PUT if upload => "UploadPart",
        Method::PUT if copies => "CopyObject",
        Method::PUT => "PutObject",
        Method::DELETE if upload => "AbortMultipartUpload",
        Method::DELETE => "DeleteObject",
        Method::POST if query.has("uploads") => "CreateMultipartUpload",
        Method::POST if query.has("restore") => "RestoreObject",
        Method::POST if query.has("select") => "SelectObjectContent",
        Method::POST if upload => "CompleteMultipartUpload",
        _ => OTHER,
    }
}

fn by_parameter(
    table: &'static [(&str, [&'static str; 3])],
    method: &Method,
    query: Query<'_>,
) -> Option<&'static str> {
    let (_, [get, put, delete]) = table.iter().find(|(name, _)| query.has(name))?;
    match *method {
        Method::GET => Some(one_or_all(get, query)),
        Method::PUT => Some(put),
        Method::DELETE => Some(delete),
        _ => None,
    }
}

fn one_or_all(get: &'static str, query: Query<'_>) -> &'static str {
    let listed = LISTED_WITHOUT
        .iter()
        .find(|(name, single, _)| *single == get && !query.has(name));
    listed.map_or(get, |(_, _, all)| all)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn named(method: &str, uri: &str, headers: &[(&str, &str)]) -> &'static str {
        let builder = Request::builder().method(method).uri(uri);
        let request = headers.iter().fold(builder, |builder, (name, value)| {
            builder.header(*name, *value)
        });
        of(&request.body(()).expect("a sound request").into_parts().0)
    }

    #[test]
    fn method_path_and_query_determine_the_operation() {
        for (method, uri, expected) in [
            ("GET", "/", "ListBuckets"),
            ("PUT", "/bucket", "CreateBucket"),
            ("PUT", "/bucket/", "CreateBucket"),
            ("DELETE", "/bucket", "DeleteBucket"),
            ("HEAD", "/bucket", "HeadBucket"),
            ("GET", "/bucket?location", "GetBucketLocation"),
            ("GET", "/bucket?list-type=2&prefix=a", "ListObjectsV2"),
            ("GET", "/bucket?prefix=list-type", "ListObjects"),
            ("GET", "/bucket?versions", "ListObjectVersions"),
            ("GET", "/bucket?uploads", "ListMultipartUploads"),
            ("GET", "/bucket?versioning", "GetBucketVersioning"),
            ("PUT", "/bucket?versioning", "PutBucketVersioning"),
            ("DELETE", "/bucket?policy", "DeleteBucketPolicy"),
            ("POST", "/bucket?delete", "DeleteObjects"),
            ("POST", "/bucket", "PostObject"),
            ("GET", "/bucket/a/b", "GetObject"),
            ("GET", "/bucket//", "GetObject"),
            ("HEAD", "/bucket/a", "HeadObject"),
            ("PUT", "/bucket/a", "PutObject"),
            ("DELETE", "/bucket/a", "DeleteObject"),
            ("POST", "/bucket/a?uploads", "CreateMultipartUpload"),
            ("PUT", "/bucket/a?partNumber=1&uploadId=x", "UploadPart"),
            ("POST", "/bucket/a?uploadId=x", "CompleteMultipartUpload"),
            ("DELETE", "/bucket/a?uploadId=x", "AbortMultipartUpload"),
            ("GET", "/bucket/a?uploadId=x", "ListParts"),
            ("GET", "/bucket/a?tagging", "GetObjectTagging"),
            ("PUT", "/bucket/a?tagging=", "PutObjectTagging"),
            ("DELETE", "/bucket/a?tagging", "DeleteObjectTagging"),
            ("GET", "/bucket/a?acl", "GetObjectAcl"),
            ("GET", "/bucket/a?attributes", "GetObjectAttributes"),
            ("GET", "/bucket/tagging", "GetObject"),
            ("PATCH", "/bucket/a", "Other"),
            ("PUT", "/bucket/a?annotation", "PutObjectAnnotation"),
            (
                "GET",
                "/bucket?analytics&id=1",
                "GetBucketAnalyticsConfiguration",
            ),
            (
                "GET",
                "/bucket?analytics",
                "ListBucketAnalyticsConfigurations",
            ),
            ("POST", "/WriteGetObjectResponse", "WriteGetObjectResponse"),
        ] {
            assert_eq!(named(method, uri, &[]), expected, "{method} {uri}");
        }
    }

    #[test]
    fn an_operation_with_an_unknown_parameter_is_not_counted_by_its_name() {
        let counted = |method: &str, uri: &str| {
            let request = Request::builder().method(method).uri(uri).body(());
            operation(&request.expect("a sound request").into_parts().0)
        };
        assert_eq!(counted("DELETE", "/bucket?uploads"), "Other");
        assert_eq!(
            counted("DELETE", "/bucket?x-id=DeleteBucket"),
            "DeleteBucket"
        );
        assert_eq!(counted("PUT", "/bucket?policy&new"), "PutBucketPolicy");
    }

    #[test]
    fn a_copy_has_a_source() {
        let copy = [("x-amz-copy-source", "bucket/b")];
        assert_eq!(named("PUT", "/bucket/a", &copy), "CopyObject");
        let part = "/bucket/a?partNumber=1&uploadId=x";
        assert_eq!(named("PUT", part, &copy), "UploadPartCopy");
    }
}
