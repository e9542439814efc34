//! The trait that s3s calls: each operation, and the function that does it.

use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
        CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
        DeleteBucketInput, DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput,
        DeleteObjectsOutput, GetBucketAclInput, GetBucketAclOutput, GetBucketLocationInput,
        GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
        GetObjectAclInput, GetObjectAclOutput, GetObjectAttributesInput, GetObjectAttributesOutput,
        GetObjectInput, GetObjectOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
        HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
        ListBucketsOutput, ListMultipartUploadsInput, ListMultipartUploadsOutput,
        ListObjectVersionsInput, ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput,
        ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput,
        PutObjectOutput, PutObjectTaggingInput, PutObjectTaggingOutput, UploadPartCopyInput,
        UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
};

use std::{future::ready, pin::Pin, sync::Arc};

use super::{
    buckets, copy, list_operations, list_uploads, multipart_operations, read, store::Store,
    tagging, write,
};

/// The operations over one store.
pub struct LocalS3(pub Arc<Store>);

type Answer<'answer, T> = Pin<Box<dyn Future<Output = S3Result<S3Response<T>>> + Send + 'answer>>;

/// Methods of s3s's trait: operations that answer at once, and those that wait for a body.
macro_rules! operations {
    (
        at once { $($name:ident($input:ty) -> $output:ty: $does:path;)+ }
        in time { $($slow:ident($slow_input:ty) -> $slow_output:ty: $slow_does:path;)+ }
    ) => {
        impl S3 for LocalS3 {
            $(
                fn $name<'store, 'answer>(
                    &'store self,
                    request: S3Request<$input>,
                ) -> Answer<'answer, $output>
                where
                    'store: 'answer,
                    Self: 'answer,
                {
                    Box::pin(ready($does(&self.0, request)))
                }
            )+
            $(
                fn $slow<'store, 'answer>(
                    &'store self,
                    request: S3Request<$slow_input>,
                ) -> Answer<'answer, $slow_output>
                where
                    'store: 'answer,
                    Self: 'answer,
                {
                    Box::pin($slow_does(&self.0, request))
                }
            )+
        }
    };
}

operations! {
    at once {
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput: multipart_operations::abort;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput: multipart_operations::complete;
    create_bucket(CreateBucketInput) -> CreateBucketOutput: buckets::create_bucket;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput: multipart_operations::create;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput: buckets::delete_bucket;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput: write::delete_object;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput: tagging::delete;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput: write::delete_objects;
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput: buckets::get_bucket_acl;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput: buckets::get_bucket_location;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput: buckets::get_bucket_versioning;
    get_object(GetObjectInput) -> GetObjectOutput: read::get_object;
    get_object_acl(GetObjectAclInput) -> GetObjectAclOutput: buckets::get_object_acl;
    get_object_attributes(GetObjectAttributesInput) -> GetObjectAttributesOutput: read::get_object_attributes;
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput: tagging::get;
    head_bucket(HeadBucketInput) -> HeadBucketOutput: buckets::head_bucket;
    head_object(HeadObjectInput) -> HeadObjectOutput: read::head_object;
    list_buckets(ListBucketsInput) -> ListBucketsOutput: buckets::list_buckets;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput: list_uploads::list_multipart_uploads;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput: list_operations::list_object_versions;
    list_objects(ListObjectsInput) -> ListObjectsOutput: list_operations::list_objects;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output: list_operations::list_objects_v2;
    list_parts(ListPartsInput) -> ListPartsOutput: multipart_operations::list_parts;
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput: tagging::put;
    }
    in time {
    copy_object(CopyObjectInput) -> CopyObjectOutput: copy::copy_object;
    put_object(PutObjectInput) -> PutObjectOutput: write::put_object;
    upload_part(UploadPartInput) -> UploadPartOutput: multipart_operations::upload_part;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput: copy::upload_part_copy;
    }
}
