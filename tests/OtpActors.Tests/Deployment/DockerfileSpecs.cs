using System.Xml.Linq;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Deployment;

public class DockerfileSpecs
{
    private const string Project = "src/OtpActors/OtpActors.csproj";

    private readonly Dockerfile _file = Dockerfile.Read();

    [Fact]
    public void Its_stages_build_on_pinned_releases_and_end_on_one_without_a_shell()
    {
        var bases = _file.Instructions.Where(each => each.Name == "FROM").Select(each => each.Arguments.Split(' ')[0]).ToList();
        bases.ShouldAllBe(image => image.StartsWith("mcr.microsoft.com/dotnet/", StringComparison.Ordinal) && image.Contains(":10.0-", StringComparison.Ordinal));
        bases.Count.ShouldBe(2);
        bases[^1].ShouldContain("chiseled");
        _file.LastStage.ShouldNotContain(each => each.Name == "RUN");
    }

    [Fact]
    public void It_runs_as_nobody_special_on_8080()
    {
        _file.LastStage.Last(each => each.Name == "USER").Arguments.ShouldMatch("^[1-9][0-9]*:[1-9][0-9]*$", "a number, so that it can be seen that it is not root");
        _file.Last("EXPOSE").ShouldBe("8080");
        _file.Environment["OtpActors__Http__Url"].ShouldBe("http://*:8080");
        _file.Environment["DOTNET_ENVIRONMENT"].ShouldBe("Docker");
    }

    [Fact]
    public void It_serves_and_asks_itself_how_it_is_without_a_shell()
    {
        _file.Last("ENTRYPOINT").ShouldBe("[\"/app/OtpActors\"]");
        _file.Last("CMD").ShouldBe("[\"serve\"]");
        _file.Last("HEALTHCHECK").ShouldEndWith("CMD [\"/app/OtpActors\", \"health\"]");
        new ComposeFile().Services["otpactors"].HealthCheck.ShouldBe(["CMD", "/app/OtpActors", "health"]);
    }

    [Fact]
    public void Its_data_lies_in_the_volume_that_its_user_can_write()
    {
        var volume = _file.Last("VOLUME");
        _file.Environment["OtpActors__Data"].ShouldStartWith($"{volume}/");
        var user = _file.Last("USER");
        _file.LastStage.ShouldContain(each => each.Name == "COPY" && each.Arguments.Contains($"--chown={user}", StringComparison.Ordinal) && each.Arguments.EndsWith($" {volume}", StringComparison.Ordinal));
    }

    [Fact]
    public void What_it_copies_exists_and_is_let_into_the_build()
    {
        var ignored = Repository.Lines(".dockerignore").Where(line => line.Length > 0 && line[0] != '#').ToList();
        ignored[0].ShouldBe("*", "what is not named stays out: .env, data");
        var let = ignored.Where(line => line[0] == '!').Select(line => line[1..]).ToList();
        var sources = _file.Copies.SelectMany(copy => copy.Sources).Select(source => source.TrimEnd('/')).ToList();

        sources.ShouldAllBe(source => Repository.Has(source));
        sources.Select(source => source.Split('/')[0]).Distinct().Order(StringComparer.Ordinal).ShouldBe(let.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void All_that_a_restore_reads_is_there_before_it()
    {
        var before = _file.Instructions.TakeWhile(each => !each.Arguments.StartsWith("dotnet restore", StringComparison.Ordinal))
            .Where(each => each.Name == "COPY").SelectMany(each => each.Arguments.Split(' ')[..^1]).ToList();

        before.ShouldBeSubsetOf(_file.Copies.SelectMany(copy => copy.Sources));
        foreach (var file in (string[])["global.json", "Directory.Build.props", "Directory.Packages.props", .. Projects(Project)])
        {
            before.ShouldContain(file);
        }
    }

    [Fact]
    public void Shared_files_that_a_project_takes_from_elsewhere_are_copied()
    {
        var copied = _file.Copies.SelectMany(copy => copy.Sources).Select(source => source.TrimEnd('/')).ToList();
        foreach (var project in Projects(Project))
        {
            foreach (var include in Elements(project, "Content", "None", "Compile", "EmbeddedResource", "AdditionalFiles")
                         .Where(include => include.StartsWith("../..", StringComparison.Ordinal)))
            {
                copied.ShouldContain(include["../../".Length..].Split('/')[0], project);
            }
        }
    }

    /// <summary>The project and those it refers to, however far.</summary>
    private static HashSet<string> Projects(string project)
    {
        var all = new HashSet<string> { project };
        foreach (var reference in Elements(project, "ProjectReference"))
        {
            var path = Path.GetRelativePath(Repository.Root, Path.Combine(Path.GetDirectoryName(Repository.File(project))!, reference));
            all.UnionWith(Projects(Path.GetRelativePath(Repository.Root, Path.GetFullPath(Repository.File(path))).Replace('\\', '/')));
        }

        return all;
    }

    private static IEnumerable<string> Elements(string project, params string[] names) => XDocument.Load(Repository.File(project)).Descendants()
        .Where(element => names.Contains(element.Name.LocalName)).Select(element => element.Attribute("Include")?.Value ?? "")
        .Select(include => include.Replace('\\', '/'));
}
