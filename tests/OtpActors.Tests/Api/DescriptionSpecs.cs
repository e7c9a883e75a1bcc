using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>The OpenAPI document's examples are what a reader sends first: each works as it is.</summary>
[Collection(OneService.Name)]
public sealed partial class DescriptionSpecs
{
    [Fact]
    public async Task Every_example_can_be_sent()
    {
        await using var service = await ApiService.StartAsync();
        var run = await service.UntilAsync(
            await service.StartRunAsync("""{"interval":"1ms","duration":"2ms","notify":"none"}"""), each => each.IsOver);
        var document = (await service.GetAsync("/openapi/v1.json")).ShouldBe(200).Json;
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject(), (path, operation) => (Path: path.Name, Method: operation.Name, Operation: operation.Value))
            .OrderBy(each => each.Method == "delete").ToList(); // last: what they delete the others use
        var (bodies, parameters) = (0, 0);
        foreach (var (template, method, operation) in operations)
        {
            var given = operation.TryGetProperty("parameters", out var all) ? all.EnumerateArray().ToList() : [];
            var path = given.Where(parameter => In(parameter) == "path").Aggregate(template, (text, parameter) => text.Replace(
                $"{{{Name(parameter)}}}", Name(parameter) == "id" ? run["runId"].GetString() : Example(parameter).ShouldNotBeNull($"{template}: {Name(parameter)}")));
            var body = operation.TryGetProperty("requestBody", out var described) ? described.GetProperty("content").EnumerateObject().First().Value.GetProperty("example").GetRawText() : null;
            bodies += body is null ? 0 : 1;

            // Each parameter alone, and none.
            foreach (var parameter in given.Where(parameter => In(parameter) != "path" && Example(parameter) is not null).Cast<JsonElement?>().Prepend(null))
            {
                parameters += parameter is null ? 0 : 1;
                var query = parameter is { } own && In(own) == "query" ? $"?{Name(own)}={Uri.EscapeDataString(Example(own)!)}" : "";
                using var request = new HttpRequestMessage(new HttpMethod(method.ToUpperInvariant()), new Uri(new Uri(service.Url), path + query));
                request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
                if (parameter is { } header && In(header) == "header")
                {
                    request.Headers.TryAddWithoutValidation(Name(header), Example(header));
                }

                using var response = await service.Http.SendAsync(request, TestContext.Current.CancellationToken).Eventually();
                var answer = new Answer((int)response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken).Eventually(), []);
                if (answer.Status != 409 || !template.Contains("/runs/{id}/", StringComparison.Ordinal) && template != "/api/schedules") // well-formed, and not now
                {
                    answer.Status.ShouldBeLessThan(300, $"{method} {path}{query}: {answer.Text}");
                }
            }
        }

        (operations.Count, bodies).ShouldBe((28, 7));
        parameters.ShouldBeGreaterThanOrEqualTo(15);
        operations.Where(each => each.Operation.TryGetProperty("requestBody", out _)).Select(each => each.Method).Distinct().Order().ShouldBe(["post", "put"]);
    }

    [Fact]
    public async Task Every_operation_tells_what_its_problems_are_like()
    {
        await using var service = await ApiService.StartAsync();
        var document = (await service.GetAsync("/openapi/v1.json")).ShouldBe(200).Json;
        var problem = document.GetProperty("components").GetProperty("schemas").GetProperty("ProblemDetails").GetProperty("properties");
        string.Join(' ', problem.EnumerateObject().Select(field => field.Name).Order(StringComparer.Ordinal)).ShouldBe("code detail field hint instance status title type");
        foreach (var operation in document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()))
        {
            operation.Value.GetProperty("responses").GetProperty("default").GetProperty("content").GetProperty("application/problem+json")
                .GetProperty("schema").GetProperty("$ref").GetString().ShouldBe("#/components/schemas/ProblemDetails");
        }
    }

    [Fact]
    public void Every_code_of_a_problem_is_in_the_documentation()
    {
        var documented = Deployment.Repository.Text("docs/api.md");
        var codes = Directory.GetFiles(Path.Combine(Deployment.Repository.Root, "src", "OtpActors"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => Code().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).Distinct().ToList();
        codes.Count.ShouldBeGreaterThan(30);
        codes.Where(code => !documented.Contains($"`{code}`", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [GeneratedRegex(@"(?:ApiProblemException|new)\(\s*(?:[0-9]{3}|status|e\.StatusCode|StatusCodes\.\w+),\s*""([a-z_]+)""")]
    private static partial Regex Code();

    private static string Name(JsonElement parameter) => parameter.GetProperty("name").GetString()!;

    private static string In(JsonElement parameter) => parameter.GetProperty("in").GetString()!;

    private static string? Example(JsonElement parameter) => !parameter.TryGetProperty("example", out var example) ? null
        : example.ValueKind == JsonValueKind.Array ? string.Join(',', example.EnumerateArray().Select(item => item.GetString()))
        : example.GetString();
}
