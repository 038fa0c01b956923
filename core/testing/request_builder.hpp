// A valid request for one operation of a contract, and every way to break its parameters and its body.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/contract/operation.hpp"
#include "core/testing/http_client.hpp"
#include "core/testing/schema_cases.hpp"

namespace mortise::testing {

// A request that breaks the schemas of its contract.
struct ShapeBreach {
  std::string field;  // "body/title", "query/page"
  std::string what;
  HttpRequest request;
};

class RequestBuilder {
 public:
  // `document`: the contract of `operation`. Both must outlive this object.
  RequestBuilder(const contract::Operation& operation, const json::Value& document);

  HttpRequest valid() const;
  std::vector<ShapeBreach> breaches() const;

 private:
  struct Parameter {
    const contract::Parameter* compiled;
    const json::Value* schema;
    std::string example;  // as sent, not encoded
  };
  using Texts = std::vector<
      std::pair<const Parameter*, std::string>>;  // replaces the examples; a repeated one is sent repeatedly

  HttpRequest request(const Texts& replaced, const Parameter* leftOut, const std::string& body) const;
  std::string path(const Texts& replaced) const;
  void breakParameter(const Parameter& parameter, std::vector<ShapeBreach>& out) const;
  void breakBody(std::vector<ShapeBreach>& out) const;
  std::string prefixOf(const std::string& name) const;

  const contract::Operation& operation_;
  SchemaCases cases_;
  std::vector<Parameter> parameters_;
  const json::Value* bodySchema_ = nullptr;  // of a JSON body
  std::string body_;
  std::string contentType_;
};

}  // namespace mortise::testing
