// Against published examples of AWS: the S3 API reference ("Signature Calculations for the Authorization Header" and
// "Authenticating Requests: Using Query Parameters") and the Signature Version 4 test suite.
#include "core/services/s3/signature.hpp"

#include <gtest/gtest.h>

namespace mortise::services::s3 {
namespace {

constexpr std::int64_t kMay2013 = 1369353600;  // 20130524T000000Z
constexpr const char* kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const Signer kS3{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3"};
constexpr const char* kHost = "examplebucket.s3.amazonaws.com";

std::string signatureIn(const std::string& text) { return text.substr(text.rfind("Signature=") + 10); }

TEST(S3Signature, GetObjectWithARange) {
  const SignedRequest request{
      "GET",
      "/test.txt",
      {},
      {{"Host", kHost}, {"Range", "bytes=0-9"}, {"x-amz-content-sha256", kEmpty}, {"x-amz-date", "20130524T000000Z"}},
      kEmpty};
  EXPECT_EQ(authorization(kS3, request, kMay2013),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signature, PutObject) {
  const std::string payload = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
  const SignedRequest request{"PUT",
                              encodePath("/test$file.text"),
                              {},
                              {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                               {"Host", kHost},
                               {"x-amz-content-sha256", payload},
                               {"x-amz-date", "20130524T000000Z"},
                               {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                              payload};
  EXPECT_EQ(signatureIn(authorization(kS3, request, kMay2013)),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(S3Signature, AQueryParameterWithoutValue) {
  const SignedRequest request{"GET",
                              "/",
                              {{"lifecycle", ""}},
                              {{"Host", kHost}, {"x-amz-content-sha256", kEmpty}, {"x-amz-date", "20130524T000000Z"}},
                              kEmpty};
  EXPECT_EQ(signatureIn(authorization(kS3, request, kMay2013)),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Signature, AQueryInAnyOrder) {
  const SignedRequest request{"GET",
                              "/",
                              {{"prefix", "J"}, {"max-keys", "2"}},
                              {{"x-amz-date", "20130524T000000Z"}, {"Host", kHost}, {"x-amz-content-sha256", kEmpty}},
                              kEmpty};
  EXPECT_EQ(signatureIn(authorization(kS3, request, kMay2013)),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3Signature, APresignedLink) {
  const SignedRequest request{"GET", "/test.txt", {}, {{"host", kHost}}, std::string(kUnsignedPayload)};
  EXPECT_EQ(presignedQuery(kS3, request, kMay2013, 86400),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
            "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(S3Signature, VectorGetVanillaOfTheTestSuite) {
  const Signer signer{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};
  const SignedRequest request{
      "GET", "/", {}, {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}}, kEmpty};
  EXPECT_EQ(authorization(signer, request, 1440938160),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(S3Signature, VectorsOfHeaderValuesOfTheTestSuite) {
  const Signer signer{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};
  // get-header-key-duplicate, get-header-value-trim
  const SignedRequest repeated{"GET",
                               "/",
                               {},
                               {{"Host", "example.amazonaws.com"},
                                {"My-Header1", "value2"},
                                {"My-Header1", "value2"},
                                {"My-Header1", "value1"},
                                {"X-Amz-Date", "20150830T123600Z"}},
                               kEmpty};
  EXPECT_EQ(signatureIn(authorization(signer, repeated, 1440938160)),
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea");
  const SignedRequest blanks{"GET",
                             "/",
                             {},
                             {{"Host", "example.amazonaws.com"},
                              {"My-Header1", " value1"},
                              {"My-Header2", " \"a   b   c\""},
                              {"X-Amz-Date", "20150830T123600Z"}},
                             kEmpty};
  EXPECT_EQ(signatureIn(authorization(signer, blanks, 1440938160)),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
}

TEST(S3Signature, NamesAreEncodedOnceWithTheirSlashes) {
  EXPECT_EQ(encodePath("/bucket/a b/ü+%=~._-"), "/bucket/a%20b/%C3%BC%2B%25%3D~._-");
  EXPECT_EQ(encodeQuery({{"b", "x/y"}, {"a", "1 2"}, {"a-b", ""}}), "a=1%202&a-b=&b=x%2Fy");
}

}  // namespace
}  // namespace mortise::services::s3
