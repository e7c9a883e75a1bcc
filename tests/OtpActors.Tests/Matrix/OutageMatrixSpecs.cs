using Xunit;

namespace OtpActors.Tests.Matrix;

/// <summary>
/// An outage of a part never costs a step an attempt: the run holds, and goes on by itself; nothing is lost and nothing
/// doubled, whatever part it is, whenever in a run it goes, and however it is away.
/// </summary>
[Collection(nameof(OutageMatrixSpecs))]
public sealed class OutageMatrixSpecs(OutageMatrix matrix) : IClassFixture<OutageMatrix>
{
    private const string Required = "OTPACTORS_REQUIRE_SERVERS";

    public static TheoryData<string> Cases => [.. OutageMatrix.Chosen.Select(each => each.Name)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task A_run_holds_through_an_outage_and_completes(string name)
    {
        var result = await matrix.ResultAsync(OutageMatrix.Chosen.Single(each => each.Name == name));

        if (result.Skipped is { } why)
        {
            Assert.False(Environment.GetEnvironmentVariable(Required) == "1", $"it is required ({Required}=1): {why}");
            Assert.Skip(why);
        }

        Assert.True(result.Problem is null, result.Problem);
    }
}
