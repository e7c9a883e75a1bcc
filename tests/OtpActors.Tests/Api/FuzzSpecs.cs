using System.Net;
using System.Text;
using System.Text.Json;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Api;

/// <summary>
/// Bad input for every operation that the OpenAPI document tells of, made from its own schemas: whatever comes, the answer
/// is a problem that the caller can mend, or a success where the input happens to be legal.
/// </summary>
[Collection(OneService.Name)]
public sealed class FuzzSpecs(ITestOutputHelper output)
{
    /// <summary>Set it to have other requests.</summary>
    private const string SeedVariable = "OTPACTORS_TEST_SEED";

    private const int RequestsAnOperation = 60;

    [Fact]
    public async Task Whatever_is_sent_the_answer_is_one_that_the_caller_can_use()
    {
        await using var service = await ApiService.StartAsync(options => options.Http.MaxBodyBytes = 64 * 1024);
        (await service.PostAsync("/api/otps", """{"email":"ann@example.com"}""")).ShouldBe(201);
        await service.CompleteAsync(count: 1);
        var seed = int.TryParse(Environment.GetEnvironmentVariable(SeedVariable), out var given) ? given : 20310517;
        var input = new BadInput(new Random(seed), (await service.GetAsync("/openapi/v1.json")).ShouldBe(200).Json);
        var statuses = new SortedDictionary<int, int>();
        foreach (var operation in input.Operations)
        {
            for (var i = 0; i < RequestsAnOperation; i++)
            {
                using var request = input.Request(operation);
                var what = $"{request.Method} {request.RequestUri} {(request.Content is null ? "" : Short(await request.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)))}";
                request.RequestUri = BadInput.Absolute(service.Url, request.RequestUri!.OriginalString);
                using var response = await SendAsync(service, request, what);
                statuses[(int)response.StatusCode] = statuses.GetValueOrDefault((int)response.StatusCode) + 1;
                await ShouldBeFairAsync(response, what);
            }
        }

        output.WriteLine($"{SeedVariable}={seed}: {string.Join(", ", statuses.Select(each => $"{each.Value} of {each.Key}"))}");
        input.Operations.Count.ShouldBeGreaterThanOrEqualTo(20);
        (await service.GetAsync("/api/runs")).ShouldBe(200);
        service.Data.Logs.ShouldNotContain(BadInput.Canary);
        service.Data.Logs.ShouldNotContain("[ERR] "); // the log's own word for what nobody expected
    }

    private static async Task<HttpResponseMessage> SendAsync(ApiService service, HttpRequestMessage request, string what)
    {
        try
        {
            return await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken).Eventually();
        }
        catch (HttpRequestException e)
        {
            throw new ShouldAssertException($"There is no answer to {what}", e);
        }
    }

    private static async Task ShouldBeFairAsync(HttpResponseMessage response, string what)
    {
        var status = (int)response.StatusCode;
        status.ShouldBeLessThan(500, what);
        if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            return; // it lasts as long as a run
        }

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken).Eventually();
        text.ShouldNotContain(BadInput.Canary, Case.Sensitive, what);
        text.ShouldNotContain("   at ", Case.Sensitive, what);
        text.ShouldNotContain("System.", Case.Sensitive, what);
        text.ShouldNotContain("Exception", Case.Sensitive, what);
        if (status >= 400 && text.Length > 0 || status is >= 400 and not 400)
        {
            new Answer(status, text, response.Content.Headers.ToDictionary(header => header.Key, header => string.Join(",", header.Value)))
                .ShouldBeProblem(status);
        }
        else if (status >= 400)
        {
            response.StatusCode.ShouldBe(HttpStatusCode.BadRequest, what); // the server's own, of what is no HTTP
        }
    }

    private static string Short(string text) => text.Length <= 300 ? text : $"{text[..300]}… ({text.Length})";
}

/// <summary>Requests made of the OpenAPI document, most of them wrong in some way.</summary>
internal sealed class BadInput(Random random, JsonElement document)
{
    /// <summary>What stands wherever a password may.</summary>
    public const string Canary = "canary-5up3r-s3cret";

    private static readonly string[] Texts =
    [
        "", " ", "null", "true", "0", "-1", "1e999", "99999999999999999999999999", "NaN", "..", "../../etc/passwd", "%2e%2e%2f", "a/b", "a\\b", "\0", "\r\nX: y",
        "'; DROP TABLE runs;--", "<script>alert(1)</script>", "{{7*7}}", "${jndi:x}", "\u202eabc", "\u0000", "\ud800", "👩‍👩‍👧‍👦", "ﷺ", "Ⅷ", "İ", "ß", "\ufeff", "\u2028",
        "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "2031-02-30", "12:00", "2031-05-17T08:30:00+99:00", "ann@example.com", "a@b", "@", "a@b.c\u0000",
        "email_topic", "email_topic.dlq", "produce", "completed", "5s", "-5s", "1e9h", "all", new string('a', 3_000), new string('9', 400),
    ];

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e400", "-0", "9223372036854775807", "9223372036854775808", "123456789012345678901234567890", "[]", "{}", "[[]]", "[null]",
        """{"":""}""", """{"email":null}""", """[{"email":"a@b.c"}]""", """{"partition":-1,"offset":-1}""", "\"5s\"", "\"\\u0000\"", "\"\\ud800\"", "\"all\"", "\"email_topic\"",
    ];

    private static readonly string[] Types = ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "text/json", "x/y"];

    public sealed record Operation(string Method, string Path, JsonElement Definition);

    public IReadOnlyList<Operation> Operations { get; } =
        [.. document.GetProperty("paths").EnumerateObject().SelectMany(
            path => path.Value.EnumerateObject().Where(each => each.Name is "get" or "post" or "put" or "delete" or "patch"),
            (path, operation) => new Operation(operation.Name.ToUpperInvariant(), path.Name, operation.Value))];

    /// <summary>The path as it is: no way of writing it is made nice.</summary>
    public static Uri Absolute(string root, string path) =>
        new($"{root}{path}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    public HttpRequestMessage Request(Operation operation)
    {
        var (path, query) = (operation.Path, new List<string>());
        var request = new HttpRequestMessage();
        foreach (var parameter in operation.Definition.TryGetProperty("parameters", out var all) ? all.EnumerateArray().ToList() : [])
        {
            var name = parameter.GetProperty("name").GetString()!;
            var text = Pick(Texts);
            switch (parameter.GetProperty("in").GetString())
            {
                case "path":
                    path = path.Replace($"{{{name}}}", Escaped(text.Length == 0 ? "x" : text));
                    break;
                case "query" when Chance(0.6):
                    query.Add($"{name}={Escaped(text)}");
                    break;
                case "header" when Chance(0.4):
                    request.Headers.TryAddWithoutValidation(name, new string([.. text.Where(c => c is >= ' ' and <= '~').Take(300)]));
                    break;
            }
        }

        if (Chance(0.1))
        {
            query.Add($"{Escaped(Pick(Texts))}={Escaped(Pick(Texts))}");
        }

        request.Method = new HttpMethod(Chance(0.03) ? "PUT" : operation.Method);
        request.RequestUri = new Uri(query.Count == 0 ? path : $"{path}?{string.Join('&', query)}", UriKind.Relative);
        if (operation.Definition.TryGetProperty("requestBody", out var body))
        {
            var schema = body.GetProperty("content").EnumerateObject().First().Value.GetProperty("schema");
            request.Content = new ByteArrayContent(Body(schema));
            request.Content.Headers.TryAddWithoutValidation("Content-Type", Chance(0.06) ? Pick(Types) : "application/json");
            if (Chance(0.03))
            {
                request.Content = null;
            }
        }

        return request;
    }

    private byte[] Body(JsonElement schema)
    {
        var json = Chance(0.1) ? Pick(Values) : Value(schema, "", 0);
        return random.Next(12) switch
        {
            0 => Encoding.UTF8.GetBytes(json[..random.Next(json.Length + 1)]), // cut off
            1 => Encoding.UTF8.GetBytes(json + Pick(Values)),
            2 => Encoding.UTF8.GetBytes(new string('[', 5_000)),
            3 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"records\":[", 2_000)) + "1"),
            4 => [0xff, 0xfe, .. Encoding.UTF8.GetBytes(json), 0xc3, 0x28],
            5 => Encoding.UTF8.GetBytes($$"""{"email":"a@b.c","email":"b@b.c","otp":"{{Canary}}"}"""),
            6 => [.. Enumerable.Range(0, random.Next(64)).Select(_ => (byte)random.Next(256))],
            7 when Chance(0.3) => Encoding.UTF8.GetBytes($$"""{"otp":"{{Canary}}{{new string('1', 70_000)}}"}"""),
            _ => Encoding.UTF8.GetBytes(json),
        };
    }

    /// <summary>A value of the schema, here and there of another kind.</summary>
    private string Value(JsonElement schema, string name, int depth)
    {
        schema = Resolve(schema);
        if (name == "otp")
        {
            return Chance(0.7) ? $"\"{Canary}\"" : Chance(0.5) ? $"\"{Canary}\\u0000\"" : $"[\"{Canary}\"]";
        }

        if (depth > 4 || Chance(0.25))
        {
            return Chance(0.5) ? Pick(Values) : JsonSerializer.Serialize(Pick(Texts));
        }

        if (schema.TryGetProperty("oneOf", out var forms))
        {
            return Value(forms[random.Next(forms.GetArrayLength())], name, depth);
        }

        if (schema.TryGetProperty("properties", out var properties))
        {
            var fields = properties.EnumerateObject().Where(_ => Chance(0.4)).Select(field => $"\"{field.Name}\":{Value(field.Value, field.Name, depth + 1)}").ToList();
            if (Chance(0.15))
            {
                fields.Add($"{JsonSerializer.Serialize(Pick(Texts))}:\"{Canary}\"");
            }

            return $"{{{string.Join(',', fields)}}}";
        }

        return schema.TryGetProperty("items", out var items)
            ? $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Value(items, name, depth + 1)))}]"
            : Chance(0.5) ? Pick(Values) : JsonSerializer.Serialize(Pick(Texts));
    }

    private JsonElement Resolve(JsonElement schema) =>
        schema.TryGetProperty("$ref", out var reference)
            ? Resolve(document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]))
            : schema;

    private string Escaped(string text) => Chance(0.9) || text.Any(c => c is <= ' ' or > '~' or '#' or '?' or '%')
        ? Uri.EscapeDataString(new string([.. text.Where(c => !char.IsSurrogate(c))])) : text;

    private bool Chance(double probability) => random.NextDouble() < probability;

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];
}
