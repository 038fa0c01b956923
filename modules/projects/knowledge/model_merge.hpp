// Lets a model that a request names write for a project: which model, where, with what key, and the asking.
#pragma once

#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/models.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "knowledge/compiler.hpp"

namespace projects {

// What a request asks for; empty texts count as absent.
struct ModelWish {
  std::string provider{};
  std::string model{};
  std::string apiKey{};
  std::string baseUrl{};
};

// Of a body that has model, provider, llm_api_key and base_url.
template <class Body>
ModelWish modelWishOf(const Body& body) {
  return {.provider = body.provider.valueOr(""),
          .model = body.model.valueOr(""),
          .apiKey = body.llmApiKey.valueOr(""),
          .baseUrl = body.baseUrl.valueOr("")};
}

struct ModelChoice {
  std::string model;
  mortise::models::Endpoint endpoint;
};

// One for the module. [worker]
class ModelMerge {
 public:
  explicit ModelMerge(mortise::Host host);

  // Empty: the request names neither a key nor a server, so no model is asked. Problems: 400 model_url_refused (no https,
  // or not public, unless the operator allows it), 422 unknown_provider.
  std::optional<ModelChoice> choiceOf(const ModelWish& wish) const;
  // The model's answer, at most `mostTokens` tokens. Throws mortise::models::Error. Not in a transaction.
  std::string ask(const ModelChoice& choice, std::string system, std::string question, std::int64_t mostTokens,
                  const std::function<bool()>& stopped) const;
  // A document made of a draft. Problems: those of ask(), 422 document_too_large_for_model, 502 model_answer_refused.
  MergedDocument merge(const ModelChoice& choice, const CompileDraft& draft,
                       const std::function<bool()>& stopped) const;

 private:
  mortise::Log log_;
  mortise::models::Client client_;
  std::string defaultModel_;
  bool mayBePrivate_;
  mortise::Counter merged_;
  mortise::Counter refused_;
  mortise::Counter failed_;
};

}  // namespace projects
