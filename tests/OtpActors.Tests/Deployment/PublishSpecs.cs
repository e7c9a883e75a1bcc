using System.Diagnostics;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

/// <summary>What is published for one system is compiled ahead of time; a plain build, which developers wait for, is not.</summary>
public sealed class PublishSpecs
{
    [Theory]
    [InlineData("-p:RuntimeIdentifier=linux-x64", "true")]
    [InlineData("-p:UseCurrentRuntimeIdentifier=true", "true")]
    [InlineData("-p:Platform=AnyCPU", "")]
    public async Task A_program_for_one_system_is_compiled_for_it(string property, string isReadyToRun) =>
        (await EvaluateAsync(property)).GetProperty("Properties").GetProperty("PublishReadyToRun").GetString().ShouldBe(isReadyToRun);

    [Fact]
    public async Task A_library_on_which_the_compiler_does_not_finish_is_left_out() =>
        (await EvaluateAsync("-p:RuntimeIdentifier=linux-x64")).GetProperty("Items").GetProperty("PublishReadyToRunExclude").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()).ShouldContain("LanguageExt.Core.dll");

    [Fact]
    public void The_image_the_archives_and_the_document_publish_for_one_system()
    {
        Repository.Text("Dockerfile").ShouldContain("--use-current-runtime --self-contained false");
        Repository.Text("docs/deployment.md").ShouldContain("dotnet publish src/OtpActors -c Release --use-current-runtime --self-contained false");
        Repository.Text(".github/workflows/release.yml").ShouldContain("--runtime ${{ matrix.runtime }} --self-contained false");
    }

    private static async Task<JsonElement> EvaluateAsync(string property)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                "msbuild", "src/OtpActors/OtpActors.csproj", property, "-getProperty:PublishReadyToRun,Configuration",
                "-getItem:PublishReadyToRunExclude",
            ])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
        })!;
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(0, said);
        return JsonDocument.Parse(said).RootElement;
    }
}
