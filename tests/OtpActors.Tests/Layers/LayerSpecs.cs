using ArchUnitNET.Domain;
using ArchUnitNET.Fluent;
using ArchUnitNET.Loader;
using OtpActors.Domain.Runs;
using OtpActors.Hosting;
using OtpActors.Infrastructure.Topics;
using Shouldly;
using Xunit;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace OtpActors.Tests.Layers;

/// <summary>The layers of <c>docs/architecture.md</c>: which room may know which.</summary>
public sealed class LayerSpecs
{
    private static readonly Architecture House = new ArchLoader()
        .LoadAssemblies(typeof(RunState).Assembly, typeof(IOtpTopic).Assembly, typeof(OtpActorsHost).Assembly)
        .Build();

    /// <summary>A room is a folder with all below it; rooms beside each other, at any depth, form no cycle.</summary>
    [Theory]
    [InlineData("OtpActors.Domain")]
    [InlineData("OtpActors.Infrastructure")]
    [InlineData("OtpActors")]
    public void Rooms_beside_each_other_are_free_of_cycles(string parent)
    {
        var edges = EdgesWithin(parent);
        edges.ShouldNotBeEmpty();
        var cycle = edges.Keys.Select(edge => CycleFrom([edge.From], edges.Keys.ToLookup(known => known.From, known => known.To)))
            .FirstOrDefault(found => found is not null);
        (cycle is null ? "" : string.Join(" → ", cycle.Zip(cycle.Skip(1), (from, to) => $"{from} ({edges[(from, to)]})").Append(cycle[0])))
            .ShouldBe("");
    }

    [Fact]
    public void The_domain_knows_no_actors_no_servers_and_no_log() => Check(
        Types().That().ResideInNamespaceMatching(@"^OtpActors\.Domain(\.|$)").Should().NotDependOnAnyTypesThat()
            .ResideInNamespaceMatching(@"^(Akka|Microsoft|Serilog|Confluent|MongoDB|Npgsql|MailKit|MimeKit|Polly|System\.Net|System\.IO\.File|OtpActors\.(?!Domain))"));

    [Fact]
    public void The_domain_reads_no_clock() => Check(
        Types().That().ResideInNamespaceMatching(@"^OtpActors\.Domain(\.|$)").Should().NotDependOnAnyTypesThat()
            .HaveFullNameMatching(@"^System\.(IO\.(File|Directory|FileStream)|Diagnostics\.Stopwatch|Threading\.Timer|Environment|Console)$"));

    [Fact]
    public void The_infrastructure_serves_no_HTTP_and_knows_no_actor_of_the_service() => Check(
        Types().That().ResideInNamespaceMatching(@"^OtpActors\.Infrastructure(\.|$)").Should().NotDependOnAnyTypesThat()
            .ResideInNamespaceMatching(@"^(Microsoft\.AspNetCore|OtpActors\.(?!Domain|Infrastructure|Cql|Streams))"));

    [Fact]
    public void Hosting_and_the_command_line_alone_see_the_whole_of_the_settings() => Check(
        Types().That().ResideInNamespaceMatching(@"^OtpActors\.(?!Hosting|CommandLine|Domain|Infrastructure)").Should().NotDependOnAnyTypesThat()
            .HaveFullName(typeof(OtpActorsOptions).FullName!));

    /// <summary>Which room below the parent knows which other, with one dependency as the proof.</summary>
    private static Dictionary<(string From, string To), string> EdgesWithin(string parent)
    {
        var edges = new Dictionary<(string, string), string>();
        foreach (var dependency in House.Types.SelectMany(type => type.Dependencies))
        {
            if (RoomOf(dependency.Origin) is { } from && RoomOf(dependency.Target) is { } to && from != to)
            {
                edges.TryAdd((from, to), $"{dependency.Origin.Name} knows {dependency.Target.Name}");
            }
        }

        return edges;

        string? RoomOf(IType type) => type is not GenericParameter && type.Namespace?.FullName is { } name
            && name.StartsWith(parent + ".", StringComparison.Ordinal) && type.Assembly.Name.Split(',')[0] == parent
            ? name[(parent.Length + 1)..].Split('.')[0]
            : null;
    }

    private static List<string>? CycleFrom(List<string> path, ILookup<string, string> edges)
    {
        foreach (var next in edges[path[^1]])
        {
            if (next == path[0])
            {
                return [.. path, next];
            }

            if (!path.Contains(next) && CycleFrom([.. path, next], edges) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static void Check(IArchRule rule)
    {
        var faults = rule.Evaluate(House).Where(result => !result.Passed).Select(result => result.Description).ToList();
        faults.ShouldBeEmpty();
        rule.Evaluate(House).ShouldNotBeEmpty(); // a rule about nothing holds always
    }
}
