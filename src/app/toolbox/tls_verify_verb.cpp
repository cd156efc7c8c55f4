// `meterseal tls verify`: the verdict of the trust engine over a chain in a file, for a given name and time. The same
// code judges brokers inside the handshake.

#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "app/errors.hpp"
#include "app/toolbox/tls_verbs.hpp"
#include "trust/errors.hpp"
#include "trust/host/chain_verifier.hpp"
#include "trust/pin.hpp"

namespace meterseal::app {

namespace {

constexpr std::size_t kMaxFile = std::size_t{32} * 1024 * 1024;

struct VerifyArguments {
  std::string chain;
  std::string ca;
  std::string host;
  std::optional<std::int64_t> time;  ///< nullopt: now
  std::string crl;
  std::string ocsp;
};

Result<std::string> read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in.is_open())
    return fail(bad_argument, file, "cannot be read", "check the path, and that this user may read it");
  std::string text;
  // Never more than is allowed and one byte, which tells: a device has no end.
  for (std::array<char, 65536> part{}; in && text.size() <= kMaxFile;) {
    in.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return fail(bad_argument, file, "cannot be read", "check the path, and that this user may read it");
  if (text.size() > kMaxFile) return fail(bad_argument, file, "is larger than 32 MiB");
  return text;
}

Result<trust::host::ChainQuestion> question_of(const VerifyArguments& arguments) {
  trust::host::ChainQuestion question;
  question.host = arguments.host;
  const auto now = std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  question.time = UtcTime(arguments.time ? milliseconds(seconds(*arguments.time)) : now);
  const auto take = [](const std::string& file, std::string& text) -> std::optional<Error> {
    if (file.empty()) return std::nullopt;
    auto content = read(file);
    if (!content) return content.error();
    text = std::move(*content);
    return std::nullopt;
  };
  for (const auto& error : {take(arguments.chain, question.chain), take(arguments.ca, question.ca),
                            take(arguments.crl, question.crl), take(arguments.ocsp, question.ocsp)}) {
    if (error) return tl::unexpected(*error);
  }
  return question;
}

/// The engine knows texts and no files.
Error in_its_file(const Error& error, const VerifyArguments& arguments) {
  const auto at = [&](const std::string& file, std::string_view hint) {
    return make_error(error.code, file, error.detail, hint);
  };
  if (error.where == std::string_view("CA"))
    return at(arguments.ca, "give the certificates of the CAs that are trusted with --ca, in PEM");
  if (error.where == std::string_view("CRL")) return at(arguments.crl, "give CRLs with --crl, in PEM or DER");
  if (error.where == std::string_view("chain"))
    return at(arguments.chain, "give the peer's certificate first with --chain, in PEM");
  return error;
}

/// A certificate or CRL that is none is what the verb is there to find, not a mistake in using it.
bool is_verdict(const Code& code) {
  return code == trust::certificate_malformed || code == trust::certificate_unreadable;
}

int verify(const VerifyArguments& arguments) {
  const auto question = question_of(arguments);
  if (!question) return print_error(question.error()), 2;
  const auto answer = trust::host::verify_chain(*question);
  if (!answer && !is_verdict(answer.error().code)) return print_error(in_its_file(answer.error(), arguments)), 2;
  const std::optional<Error> why_not = answer ? answer->refusal : answer.error();
  if (!why_not) {
    std::printf("accepted\n");
    return 0;
  }
  const Error& why = *why_not;
  const std::string name(why.code.name);
  const std::string detail = (answer ? "" : arguments.chain + ": ") + std::string(why.detail.view());
  std::printf("refused: %s: %s\n", name.c_str(), detail.c_str());
  return 1;
}

}  // namespace

void add_tls_verify_verb(CLI::App& tls, Job& job) {
  const auto arguments = std::make_shared<VerifyArguments>();
  CLI::App* verb = tls.add_subcommand("verify", "Judges a chain of certificates in a file, as a broker's would be");
  verb->add_option("--chain", arguments->chain, "The certificate of the peer first, then what it sends along; PEM")
      ->type_name("FILE")
      ->required();
  verb->add_option("--ca", arguments->ca, "The CAs that are trusted; PEM")->type_name("FILE")->required();
  verb->add_option("--host", arguments->host, "The name or address that the peer is known by")
      ->type_name("NAME")
      ->required();
  verb->add_option("--time", arguments->time, "When, in seconds since 1970-01-01T00:00:00Z (default: now)")
      ->type_name("UNIX_SECONDS")
      ->check(CLI::Range(std::int64_t{-62'135'596'800}, std::int64_t{253'402'300'799}));
  verb->add_option("--crl", arguments->crl, "CRLs, PEM or DER: each issuer of a peer must have a current one")
      ->type_name("FILE");
  verb->add_option("--ocsp", arguments->ocsp, "An OCSP answer in DER, as the peer would staple it")->type_name("FILE");
  verb->footer(
      "Prints `accepted`, or `refused: REASON: detail`. What is tolerated on purpose: docs/deviations.md\n"
      "Example: meterseal tls verify --chain fullchain.pem --ca ca.pem --host broker.example.com\n"
      "Exit codes: 0 accepted, 1 refused, 2 usage");
  verb->callback([arguments, &job] { job = [arguments] { return verify(*arguments); }; });
}

}  // namespace meterseal::app
