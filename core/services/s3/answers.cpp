#include "core/services/s3/answers.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/DOM/DOMParser.h>
#include <Poco/DOM/Document.h>
#include <Poco/DOM/Element.h>
#include <Poco/DateTimeParser.h>
#include <Poco/Exception.h>
#include <Poco/SAX/InputSource.h>
#include <Poco/SAX/XMLReader.h>

#include <algorithm>
#include <charconv>

#include "core/services/service_error.hpp"

namespace mortise::services::s3 {
namespace {

using Poco::XML::Element;
using DocumentPtr = Poco::AutoPtr<Poco::XML::Document>;

// Null when it is not well-formed or its root has another name.
DocumentPtr parse(std::string_view body, const char* root) {
  try {
    Poco::XML::DOMParser parser;
    parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_GENERAL_ENTITIES, false);
    parser.setFeature(Poco::XML::XMLReader::FEATURE_EXTERNAL_PARAMETER_ENTITIES, false);
    DocumentPtr document(parser.parseMemory(body.data(), body.size()));
    if (document->documentElement() != nullptr && document->documentElement()->localName() == root) return document;
  } catch (const Poco::Exception&) {  // the caller reports it
  }
  return nullptr;
}

DocumentPtr require(std::string_view body, const char* root) {
  auto document = parse(body, root);
  if (document.isNull())
    throw ServiceError(ErrorKind::unavailable, std::string("object store: the answer is no ") + root);
  return document;
}

const Element* child(const Element& parent, std::string_view name) {
  for (const auto* node = parent.firstChild(); node != nullptr; node = node->nextSibling()) {
    const auto* element = dynamic_cast<const Element*>(node);
    if (element != nullptr && element->localName() == name) return element;
  }
  return nullptr;
}

std::string textOf(const Element& parent, std::string_view name) {
  const auto* element = child(parent, name);
  return element == nullptr ? std::string() : element->innerText();
}

template <typename Take>
void forEach(const Element& parent, std::string_view name, Take take) {
  for (const auto* node = parent.firstChild(); node != nullptr; node = node->nextSibling()) {
    const auto* element = dynamic_cast<const Element*>(node);
    if (element != nullptr && element->localName() == name) take(*element);
  }
}

std::uint64_t numberOf(const Element& parent, std::string_view name) {
  const auto text = textOf(parent, name);
  std::uint64_t number = 0;
  const auto end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, number); read.ec != std::errc() || read.ptr != end)
    throw ServiceError(ErrorKind::unavailable, "object store: " + std::string(name) + " is no number in the answer");
  return number;
}

bool isTrue(const Element& parent, std::string_view name) { return textOf(parent, name) == "true"; }

}  // namespace

Refusal parseRefusal(std::string_view body) {
  const auto document = parse(body, "Error");
  if (document.isNull()) return {};
  const auto& root = *document->documentElement();
  return {textOf(root, "Code"), textOf(root, "Message"), textOf(root, "Region"), textOf(root, "ServerTime")};
}

Listing parseListing(std::string_view body) {
  const auto document = require(body, "ListBucketResult");
  const auto& root = *document->documentElement();
  Listing listing;
  forEach(root, "Contents", [&](const Element& entry) {
    listing.objects.push_back(
        {textOf(entry, "Key"), numberOf(entry, "Size"), parseTime(textOf(entry, "LastModified"))});
  });
  forEach(root, "CommonPrefixes", [&](const Element& entry) { listing.folders.push_back(textOf(entry, "Prefix")); });
  listing.truncated = isTrue(root, "IsTruncated");
  listing.next = textOf(root, "NextContinuationToken");
  return listing;
}

UploadListing parseUploads(std::string_view body) {
  const auto document = require(body, "ListMultipartUploadsResult");
  const auto& root = *document->documentElement();
  UploadListing listing;
  forEach(root, "Upload", [&](const Element& entry) {
    listing.uploads.push_back({textOf(entry, "Key"), textOf(entry, "UploadId"), parseTime(textOf(entry, "Initiated"))});
  });
  listing.truncated = isTrue(root, "IsTruncated");
  listing.nextKey = textOf(root, "NextKeyMarker");
  listing.nextId = textOf(root, "NextUploadIdMarker");
  return listing;
}

PartListing parseParts(std::string_view body) {
  const auto document = require(body, "ListPartsResult");
  const auto& root = *document->documentElement();
  PartListing listing;
  forEach(root, "Part", [&](const Element& entry) {
    listing.newest = std::max(listing.newest, parseTime(textOf(entry, "LastModified")));
  });
  listing.truncated = isTrue(root, "IsTruncated");
  listing.next = textOf(root, "NextPartNumberMarker");
  return listing;
}

std::string parseUploadId(std::string_view body) {
  const auto document = require(body, "InitiateMultipartUploadResult");
  auto id = textOf(*document->documentElement(), "UploadId");
  if (id.empty()) throw ServiceError(ErrorKind::unavailable, "object store: the answer has no UploadId");
  return id;
}

std::int64_t parseTime(const std::string& text) {
  Poco::DateTime time;
  int zone = 0;
  if (text.empty() || !Poco::DateTimeParser::tryParse(text, time, zone)) return 0;
  return (time.timestamp() - Poco::Timespan(zone, 0)).epochMicroseconds();
}

}  // namespace mortise::services::s3
