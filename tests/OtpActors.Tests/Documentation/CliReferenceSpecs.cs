using OtpActors.CommandLine;
using OtpActors.Tests.Api;
using OtpActors.Tests.CommandLine.Services;
using OtpActors.Tests.Deployment;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Documentation;

/// <summary><c>docs/cli.md</c> is what the program is and does; <c>OTPACTORS_WRITE_GOLDEN=1</c> writes it.</summary>
[Collection(OneService.Name)]
public sealed class CliReferenceSpecs(VerbScenario scenario) : IClassFixture<VerbScenario>
{
    [Fact]
    public async Task The_documentation_has_each_command_and_what_it_prints()
    {
        var description = (await scenario.Service.GetAsync("/openapi/v1.json")).ShouldBe(200).Json;
        var text = new CliReference(Cli.Create(), scenario.Examples, description).Write();
        var file = Repository.File("docs/cli.md");
        if (Environment.GetEnvironmentVariable("OTPACTORS_WRITE_GOLDEN") == "1")
        {
            await File.WriteAllTextAsync(file, text, TestContext.Current.CancellationToken);
        }

        (File.Exists(file) ? await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken) : "").ReplaceLineEndings("\n")
            .ShouldBe(text, "docs/cli.md (OTPACTORS_WRITE_GOLDEN=1 writes it)");
    }

    /// <summary>An operation that is added fails this until a verb calls it in the scenario.</summary>
    [Fact]
    public async Task Every_operation_of_the_API_has_its_verb()
    {
        var paths = (await scenario.Service.GetAsync("/openapi/v1.json")).ShouldBe(200).Json.GetProperty("paths").EnumerateObject();
        var operations = paths.SelectMany(
            path => path.Value.EnumerateObject(), (path, operation) => $"{operation.Name.ToUpperInvariant()} {path.Name}");
        var called = scenario.Examples.SelectMany(example => example.Operations).ToHashSet();
        operations.Where(operation => !called.Contains(operation)).ShouldBeEmpty();
    }
}
