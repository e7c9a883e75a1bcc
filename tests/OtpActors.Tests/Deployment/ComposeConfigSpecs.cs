using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

/// <summary>What docker-compose itself says of the file. It needs no engine for that.</summary>
public class ComposeConfigSpecs(GeneratedEnvironment made) : IClassFixture<GeneratedEnvironment>
{
    [Fact]
    public async Task It_is_accepted_with_every_profile()
    {
        var (exitCode, said) = await ConfigAsync(made.EnvFile);
        exitCode.ShouldBe(0, said);
        said.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_its_variables_it_is_refused_with_what_to_do()
    {
        var (exitCode, said) = await ConfigAsync(Repository.File(".env.example"));
        exitCode.ShouldNotBe(0);
        said.ShouldContain("run deploy/make-env.sh");
    }

    private static Task<(int ExitCode, string Said)> ConfigAsync(string envFile) => Repository.RunAsync(
        Repository.Require("docker-compose"),
        ["--env-file", envFile, "--file", Repository.File(ComposeFile.Path), "--profile", "consoles", "--profile", "observability", "config", "--quiet"],
        // A variable of the tests' own environment would stand in for a missing one.
        ComposeFile.Variables.Select(each => each.Name).Distinct().ToDictionary(name => name, _ => (string?)null));
}
