// `meterseal tls fingerprint`: what the security page extracts with a pipeline of two openssl commands, from one, with
// every form of pin. Nothing is judged, so the output is no reason to trust: compare it with the broker's own file.

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "app/certificate_text.hpp"
#include "app/errors.hpp"
#include "app/toolbox/tls_look.hpp"
#include "app/toolbox/tls_verbs.hpp"
#include "trust/errors.hpp"

namespace meterseal::app {

namespace {

constexpr std::uint16_t kTlsPort = 8883;
constexpr std::streamsize kMaxFile = 1024 * 1024 + 1;

struct FingerprintArguments {
  std::string address;
  std::string file;
  bool json = false;
};

UtcTime wall_clock() {
  return UtcTime(std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()));
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

Result<std::string> read_input(const std::string& file) {
  std::ifstream opened;
  std::istream* in = &std::cin;
  if (file != "-") {
    opened.open(file, std::ios::binary);
    in = &opened;
  }
  std::string text(static_cast<std::size_t>(kMaxFile), '\0');
  in->read(text.data(), kMaxFile);
  if (!*in && !in->eof()) return fail(trust::certificate_unreadable, file, "cannot be read");
  text.resize(static_cast<std::size_t>(in->gcount()));
  return text;
}

int show_file(const FingerprintArguments& arguments) {
  const std::string where = arguments.file == "-" ? "standard input" : arguments.file;
  const auto text = read_input(arguments.file);
  if (!text) return print_error(text.error()), 2;
  const auto certificate = trust::host::read_certificate(as_bytes(*text), where);
  if (!certificate) return print_error(certificate.error()), 1;
  if (arguments.json) {
    print(json_line([&](JsonWriter& json) { add_certificate(json, *certificate, wall_clock()); }));
  } else {
    print(certificate_lines(*certificate, wall_clock()));
  }
  return 0;
}

void note(const std::string& text) {
  std::fprintf(stderr, "meterseal: warning: %s\n", text.c_str());
}

int show_server(const FingerprintArguments& arguments) {
  const auto to = parse_host_port(arguments.address, kTlsPort);
  if (!to) {
    print_error(make_error(bad_argument, arguments.address, to.error()));
    return 2;
  }
  boost::asio::io_context io(1);
  const auto prober = trust::host::Prober::make(trust::host::ProbeOffer::modern);
  if (!prober) return print_error(prober.error()), 2;
  const auto look = look_at(io, **prober, *to);
  if (!look) return print_error(look.error()), 2;
  const auto failure = failure_of(*to, *look);
  if (look->probe.chain.empty()) {
    print_error(failure.value_or(make_error(server_handshake_failed, format(*to), "served no certificate")));
    return 1;
  }
  if (arguments.json) {
    print(json_line([&](JsonWriter& json) {
      json.open_object().key("host").text(to->host).key("port").integer(to->port);
      json.key("address").text(look->way.attempts.back().address);
      add_probe(json, look->probe, wall_clock());
      json.close_object();
    }));
  } else {
    print(certificate_lines(look->probe.chain.front(), wall_clock()));
  }
  if (!look->probe.proved_key) {
    note(format(*to) + ": did not prove that it owns the key of this certificate: it may be a copy");
    return 1;
  }
  if (failure && look->probe.asked_for_client_certificate) {
    note(format(*to) + ": asks for a client certificate and ended the handshake without one");
  }
  return 0;
}

}  // namespace

void add_tls_fingerprint_verb(CLI::App& tls, Job& job) {
  const auto arguments = std::make_shared<FingerprintArguments>();
  CLI::App* verb =
      tls.add_subcommand("fingerprint", "Shows the certificate that a broker serves, with every form of fingerprint");
  auto* address = verb->add_option("address", arguments->address, "The broker; without a port 8883");
  auto* file =
      verb->add_option("--file", arguments->file, "A certificate in PEM or DER instead; - reads standard input");
  address->type_name("HOST[:PORT]");
  file->type_name("FILE")->excludes(address);
  verb->add_flag("--json", arguments->json, "One JSON object, with the whole chain as it was served");
  verb->footer(
      "The first lines are those of: openssl s_client -connect HOST:PORT | openssl x509 -fingerprint -sha256 -dates\n"
      "Nothing is verified: compare with the certificate on the broker itself before you trust it.\n"
      "Example: meterseal tls fingerprint broker.example.com:8883\n"
      "Exit codes: 0 shown, 1 no certificate, or its key was not proved, 2 usage");
  verb->callback([arguments, address, file, &job] {
    if (address->count() + file->count() == 0) throw CLI::RequiredError("HOST[:PORT] or --file");
    job = [arguments] { return arguments->file.empty() ? show_server(*arguments) : show_file(*arguments); };
  });
}

}  // namespace meterseal::app
