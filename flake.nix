# `nix run github:esaudit/esaudit -- report LOGS`, or `nix develop` for a shell with what the tests use.
{
  description = "Offline analyzer of Elasticsearch security audit logs";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forEach = each: nixpkgs.lib.genAttrs systems (system: each nixpkgs.legacyPackages.${system});
      manifest = nixpkgs.lib.importTOML ./Cargo.toml;
    in
    {
      packages = forEach (pkgs: {
        default = pkgs.rustPlatform.buildRustPackage {
          pname = "esaudit";
          version = manifest.package.version;
          src = self;
          cargoLock.lockFile = ./Cargo.lock;
          cargoBuildFlags = [
            "--bin"
            "esaudit"
          ];
          # They want a browser, Java and Python packages; `.ci/run` runs them.
          doCheck = false;
          nativeBuildInputs = [ pkgs.installShellFiles ];
          ESAUDIT_COMMIT = self.rev or "";
          postInstall = ''
            $out/bin/esaudit man man
            installManPage man/*.1
            installShellCompletion --cmd esaudit \
              --bash <($out/bin/esaudit completions bash) \
              --fish <($out/bin/esaudit completions fish) \
              --zsh <($out/bin/esaudit completions zsh)
          '';
          meta = {
            inherit (manifest.package) description;
            license = pkgs.lib.licenses.asl20;
            mainProgram = "esaudit";
          };
        };
      });

      devShells = forEach (pkgs: {
        default = pkgs.mkShell {
          packages = with pkgs; [
            cargo
            clippy
            rustc
            rustfmt
            jq
            minisign
            python3
          ];
        };
      });
    };
}
