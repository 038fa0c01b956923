#include "dlp/sensitive_kinds.hpp"

#include <mortise/ascii.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <string>

namespace session_sharing {
namespace {

// At the beginning of a word, also right behind an escape of a text that was quoted twice ("\nAKIA…").
#define START R"((?:\b|\\[nrt]))"

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

double entropy(std::string_view text) {
  std::array<std::size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const auto count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

// What stands in examples and templates in the place of a secret.
bool isPlaceholder(std::string_view text) {
  const auto word = mortise::asciiLowerCase(text);
  if (word.find_first_of("$<{") == 0 || word.find("://") != std::string::npos) return true;
  if (word.find_first_not_of(word[0]) == std::string::npos) return true;  // ********, xxxxxxxx
  for (const std::string_view sign :
       {"example", "placeholder", "changeme", "change_me", "change-me", "your_", "your-", "xxxx", "****", "redacted",
        "dummy", "process.env", "os.environ", "getenv", "undefined", "(none)"}) {
    if (word.find(sign) != std::string::npos) return true;
  }
  return false;
}

bool isLikelyValue(std::string_view text) {
  constexpr double kLeastEntropy = 2.5;  // bits for each character
  const bool hasLetter = std::any_of(text.begin(), text.end(), isLetter);
  // More than names of code and paths have.
  const bool hasOther = std::any_of(text.begin(), text.end(), [](char c) {
    return !isLetter(c) && std::string_view("_.-/:").find(c) == std::string_view::npos;
  });
  return hasLetter && hasOther && entropy(text) >= kLeastEntropy && !isPlaceholder(text);
}

bool isLikelyUrlPassword(std::string_view text) {
  return !isPlaceholder(text) && mortise::asciiLowerCase(text) != "password";
}

bool isLikelyRandom(std::string_view text) {
  constexpr double kLeastEntropy = 3.0;
  return entropy(text) >= kLeastEntropy;
}

// Never given out: 000, 666, 900 to 999; 00; 0000.
bool isLikelySocialSecurityNumber(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), isDigit);
  if (digits.size() != 9) return false;
  const auto area = digits.substr(0, 3);
  return area != "000" && area != "666" && area[0] != '9' && digits.substr(3, 2) != "00" && digits.substr(5) != "0000";
}

// The last digit is right by Luhn's rule.
bool passesLuhn(const std::string& digits) {
  int sum = 0;
  bool isDoubled = false;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, isDoubled = !isDoubled) {
    int digit = *at - '0';
    if (isDoubled) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

bool isProviderNumber(std::string_view text) { return passesLuhn("80840" + std::string(text)); }

// Two letters and seven digits, the last of which checks the others.
bool isDrugEnforcementNumber(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] - '0'; };
  return text.size() == 9 && (digit(2) + digit(4) + digit(6) + 2 * (digit(3) + digit(5) + digit(7))) % 10 == digit(8);
}

constexpr SensitiveRule kSecrets[] = {
    {"private_key", "critical",
     R"((-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-[^-])*(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?))"},
    {"aws_access_key_id", "critical", START R"(((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b)"},
    {"aws_secret_access_key", "critical",
     R"((?i:aws[a-z0-9_.-]{0,20}secret[a-z0-9_.-]{0,20}|secret_?access_?key)["']?\s{0,5}(?:=|:)\s{0,5}["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$))",
     isLikelyRandom},
    {"github_token", "critical", START R"((gh[pousr]_[A-Za-z0-9]{36,}))"},
    {"github_fine_grained_token", "critical", START R"((github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}))"},
    {"gitlab_token", "critical", START R"((gl(?:pat|ptt|dt|rt|soat|cbt|ft|imt|agent|oas)-[A-Za-z0-9_-]{20,}))"},
    {"slack_token", "critical", START R"((xox[abeoprs]-[A-Za-z0-9-]{10,}))"},
    {"slack_webhook", "high", R"((https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_+-]{20,}))"},
    {"stripe_key", "critical", START R"(((?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}))"},
    {"stripe_webhook_secret", "high", START R"((whsec_[A-Za-z0-9+/]{32,}={0,2}))"},
    {"anthropic_api_key", "critical", START R"((sk-ant-[a-z]{2,8}[0-9]{2}-[A-Za-z0-9_-]{20,}))"},
    {"openai_api_key", "critical",
     START
     R"((sk-(?:(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48}\b)))"},
    {"openrouter_api_key", "critical", START R"((sk-or-v1-[0-9a-f]{64}))"},
    {"google_api_key", "high", START R"((AIza[A-Za-z0-9_-]{35}))"},
    {"google_oauth_client_secret", "high", START R"((GOCSPX-[A-Za-z0-9_-]{28}))"},
    {"google_oauth_token", "high", START R"((ya29\.[A-Za-z0-9_-]{20,}))"},
    {"huggingface_token", "high", START R"((hf_[A-Za-z0-9]{34,}))"},
    {"replicate_api_token", "high", START R"((r8_[A-Za-z0-9]{37}))"},
    {"session_sharing_key", "critical", START R"((sk_sfs_[0-9a-f]{32})\b)"},
    {"npm_token", "critical", START R"((npm_[A-Za-z0-9]{36})\b)"},
    {"pypi_token", "critical", START R"((pypi-AgE[A-Za-z0-9_-]{60,}))"},
    {"rubygems_key", "critical", START R"((rubygems_[0-9a-f]{48})\b)"},
    {"docker_token", "high", START R"((dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}))"},
    {"digitalocean_token", "critical", START R"((do[opr]_v1_[0-9a-f]{64})\b)"},
    {"azure_storage_key", "critical", R"((?i:AccountKey)\s{0,3}=\s{0,3}([A-Za-z0-9+/]{86}==))"},
    {"azure_client_secret", "critical", START R"(([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}))"},
    {"databricks_token", "critical", START R"((dapi[0-9a-f]{32}(?:-[0-9]+)?)\b)"},
    {"vault_token", "critical", START R"((hv[sbr]\.[A-Za-z0-9_-]{24,}))"},
    {"terraform_token", "critical", START R"(([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}))"},
    {"heroku_key", "high", START R"((HRKU-[A-Za-z0-9_-]{36,}))"},
    {"sendgrid_key", "critical", START R"((SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}))"},
    {"mailgun_key", "high", START R"((key-[0-9a-f]{32})\b)"},
    {"mailchimp_key", "high", START R"(([0-9a-f]{32}-us[0-9]{1,2})\b)"},
    {"twilio_key", "high", START R"((SK[0-9a-f]{32})\b)"},
    {"telegram_bot_token", "high", START R"(([0-9]{8,10}:AA[A-Za-z0-9_-]{33}))"},
    {"discord_bot_token", "high", START R"(([MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38}))",
     isLikelyRandom},
    {"discord_webhook", "high",
     R"((https://(?:ptb\.|canary\.)?discord(?:app)?\.com/api/webhooks/[0-9]{15,20}/[A-Za-z0-9_-]{60,}))"},
    {"shopify_token", "critical", START R"((shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})\b)"},
    {"square_token", "critical", START R"((sq0(?:atp|csp)-[A-Za-z0-9_-]{22,}))"},
    {"linear_key", "high", START R"((lin_(?:api|oauth)_[A-Za-z0-9]{40,}))"},
    {"notion_token", "high", START R"(((?:secret_[A-Za-z0-9]{43}|ntn_[A-Za-z0-9]{40,})\b))"},
    {"figma_token", "high", START R"((figd_[A-Za-z0-9_-]{40,}))"},
    {"grafana_token", "high", START R"((gl(?:sa_[A-Za-z0-9]{32}_[0-9a-fA-F]{8}|c_[A-Za-z0-9+/]{32,}={0,2})))"},
    {"newrelic_key", "high", START R"((NRAK-[A-Z0-9]{27})\b)"},
    {"sentry_token", "high", START R"((sntry[su]_[A-Za-z0-9+/=_-]{50,}))"},
    {"postman_key", "high", START R"((PMAK-[0-9a-f]{24}-[0-9a-f]{34})\b)"},
    {"atlassian_token", "critical", START R"((ATATT3xFfGF0[A-Za-z0-9_=-]{60,}))"},
    {"dropbox_token", "high", START R"((sl\.[A-Za-z0-9_-]{130,}))"},
    {"json_web_token", "high", START R"((eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}))"},
    {"authorization_header", "high",
     "(?i)" START
     R"(authorization\\{0,3}["']?\s{0,5}[:=]\s{0,5}\\{0,3}["']?(?:bearer|basic|token)\s{1,5}([A-Za-z0-9._~+/=-]{16,}))",
     isLikelyValue},
    {"url_password", "high", START R"([A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@"'<>]{0,100}:([^\s/@"'<>]{3,200})@)",
     isLikelyUrlPassword},
    {"assigned_secret", "medium",
     R"((?i)(?:passw(?:or)?d|passphrase|pwd|secret|token|credential|(?:api|access|auth|private|secret|encryption)[_-]?key)\\{0,3}["']?\s{0,5}(?::=|=>|[:=])\s{0,5}\\{0,3}["']?([^\s"'`,;<>{}()\[\]\\]{8,200}))",
     isLikelyValue},
};

constexpr SensitiveRule kPhi[] = {
    {"us_social_security_number", "critical", START R"(([0-9]{3}-[0-9]{2}-[0-9]{4})\b)", isLikelySocialSecurityNumber},
    {"us_social_security_number_named", "critical",
     "(?i)" START
     R"((?:ssn|social[ _-]?security(?:[ _-]?(?:number|no))?)["']?\s{0,3}(?:[:=#]|is)?\s{0,3}["']?([0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{4})\b)",
     isLikelySocialSecurityNumber},
    {"medical_record_number", "high",
     "(?i)" START
     R"((?:mrn|medical[ _-]?record(?:[ _-]?(?:number|no|id))?|patient[ _-]?(?:id|number|no))["']?\s{0,3}(?:[:=#.]|is)?\s{0,3}["']?#?([A-Z]{0,4}-?[0-9]{5,12})\b)"},
    {"us_medicare_number", "critical",
     START
     R"(([1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]-?[AC-HJKMNP-RT-Y]{2}[0-9]{2})\b)"},
    {"health_plan_number", "high",
     "(?i)" START
     R"((?:member|subscriber|beneficiary|policy|health[ _-]?plan|insurance)[ _-]?(?:id|number|no)["']?\s{0,3}(?:[:=#.]|is)?\s{0,3}["']?#?([A-Z]{0,4}[0-9]{6,14})\b)"},
    {"us_provider_number", "medium",
     "(?i)" START
     R"((?:npi|national[ _-]?provider[ _-]?(?:identifier|id|number))["']?\s{0,3}(?:[:=#]|is)?\s{0,3}["']?([12][0-9]{9})\b)",
     isProviderNumber},
    {"us_drug_enforcement_number", "medium",
     "(?i)" START
     R"(dea(?:[ _-]?(?:number|no|id))?["']?\s{0,3}(?:[:=#]|is)?\s{0,3}["']?([ABCDEFGHJKLMPRSTUX][A-Z9][0-9]{7})\b)",
     isDrugEnforcementNumber},
    {"date_of_birth", "high",
     "(?i)" START
     R"((?:dob|d\.o\.b\.?|date[ _-]?of[ _-]?birth|birth[ _-]?date|born(?:[ _-]?on)?)["']?\s{0,3}(?:[:=]|is)?\s{0,3}["']?((?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2})|(?:[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:[0-9]{4}|[0-9]{2})))\b)"},
    {"diagnosis_code", "medium",
     "(?i)" START
     R"((?:icd(?:[ _-]?(?:9|10)(?:[ _-]?cm)?)?(?:[ _-]?code)?|diagnos[ie]s(?:[ _-]?code)?)["']?\s{0,3}(?:[:=#]|is)?\s{0,3}["']?([A-TV-Z][0-9][0-9AB](?:\.[0-9A-Z]{1,4})?)\b)"},
    {"patient_name", "high",
     START
     R"((?i:patient(?:[ _-]?name)?)["']?\s{0,3}[:=]\s{0,3}["']?([A-Z][a-z]{1,20}(?:[ -][A-Z][a-z'.]{0,20}){1,3}))"},
};

#undef START

}  // namespace

std::span<const SensitiveRule> secretRules() { return kSecrets; }
std::span<const SensitiveRule> phiRules() { return kPhi; }

}  // namespace session_sharing
