// The peer that script/bench measures clinicd against: net/http and pgx as their users would write
// them well. The same tables, the same work: a session looked up once and kept for five seconds,
// permission, row security, an audit row for every request, one batch (one round trip) a request.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

const (
	connections = 16 // more were slower on two cores
	sessionKept = 5 * time.Second
	bodyMax     = 256 * 1024
)

type session struct {
	clinic    int64
	accountID string
	name      string
	role      string
	until     time.Time
}

type server struct {
	pool     *pgxpool.Pool
	clinics  map[string]int64 // slug to number; the directory is read once
	sessions sync.Map         // hash of the token to *session
}

type patient struct {
	ID                 string    `json:"id"`
	Version            int64     `json:"version"`
	Number             string    `json:"patient_number"`
	Name               string    `json:"name"`
	Gender             *string   `json:"gender"`
	DateOfBirth        *string   `json:"date_of_birth"`
	AgeYears           *int      `json:"age_years"`
	WeightKg           *float64  `json:"weight_kg"`
	Phone              *string   `json:"phone_number"`
	Email              *string   `json:"email"`
	Address            *string   `json:"address"`
	City               *string   `json:"city"`
	State              *string   `json:"state"`
	ZipCode            *string   `json:"zip_code"`
	BloodGroup         *string   `json:"blood_group"`
	EmergencyName      *string   `json:"emergency_contact_name"`
	EmergencyPhone     *string   `json:"emergency_contact_phone"`
	IdentificationType *string   `json:"identification_type"`
	Status             string    `json:"status"`
	RegisteredOn       string    `json:"registered_on"`
	HasLogin           bool      `json:"has_login"`
	CreatedAt          time.Time `json:"created_at"`
	UpdatedAt          time.Time `json:"updated_at"`
}

type listed struct {
	ID           string    `json:"id"`
	Version      int64     `json:"version"`
	Number       string    `json:"patient_number"`
	Name         string    `json:"name"`
	Gender       *string   `json:"gender"`
	DateOfBirth  *string   `json:"date_of_birth"`
	AgeYears     *int      `json:"age_years"`
	Phone        *string   `json:"phone_number"`
	City         *string   `json:"city"`
	Status       string    `json:"status"`
	RegisteredOn string    `json:"registered_on"`
	HasLogin     bool      `json:"has_login"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

type registration struct {
	Name        string  `json:"name"`
	Gender      *string `json:"gender"`
	DateOfBirth *string `json:"date_of_birth"`
	Phone       string  `json:"phone_number"`
	Address     string  `json:"address"`
	City        *string `json:"city"`
}

const (
	shown = `p.id::text, p.version, p.patient_number, p.name, p.gender, p.date_of_birth::text,
		age_on((now() AT TIME ZONE 'Asia/Kolkata')::date, p.date_of_birth, p.age_years, p.age_noted_on),
		(p.weight_grams / 1000.0)::float8, p.phone_number, p.email, p.address, p.city, p.state, p.zip_code, p.blood_group,
		p.emergency_contact_name, p.emergency_contact_phone, p.identification_type, p.status, p.registered_on::text`

	hasLogin = `EXISTS (SELECT 1 FROM account a WHERE a.clinic_id = $1 AND a.patient_id = p.id AND a.is_active)`

	contextSQL = `SELECT set_config('app.clinic_id', $1, true), set_config('app.patient_id', '', true), set_config('synchronous_commit', $2, true)`

	sessionSQL = `SELECT a.id::text, a.username, a.role FROM session s JOIN account a ON a.clinic_id = s.clinic_id AND a.id = s.account_id AND a.is_active
		WHERE s.clinic_id = $1 AND s.access_hash = $2 AND s.revoked_at IS NULL AND s.access_expires_at > now() AND s.ends_at > now()`

	getSQL = `SELECT ` + shown + `, ` + hasLogin + `, p.created_at, p.updated_at FROM patient p
		WHERE p.clinic_id = $1 AND p.id = $2 AND p.deleted_at IS NULL`

	listSQL = `WITH page AS MATERIALIZED (SELECT p.id, p.version, p.patient_number, p.name, p.gender, p.date_of_birth::text AS born,
			age_on((now() AT TIME ZONE 'Asia/Kolkata')::date, p.date_of_birth, p.age_years, p.age_noted_on) AS age,
			p.phone_number, p.city, p.status, p.registered_on::text AS registered, ` + hasLogin + ` AS has_login, p.created_at, p.updated_at
			FROM patient p WHERE p.clinic_id = $1 AND p.deleted_at IS NULL ORDER BY p.name_key, p.id LIMIT $2),
		noted AS (INSERT INTO audit (clinic_id, at, id, actor_kind, actor_id, actor_name, actor_role, client_address, operation,
			entity, patient_ids, status, request_id)
			SELECT $1, now(), gen_random_uuid(), 'account', $3, $4, $5, $6, 'patients_list', 'patient', array_agg(page.id), 200, gen_random_uuid() FROM page)
		SELECT id::text, version, patient_number, name, gender, born, age, phone_number, city, status, registered, has_login, created_at, updated_at FROM page`

	auditSQL = `INSERT INTO audit (clinic_id, at, id, actor_kind, actor_id, actor_name, actor_role, client_address, operation,
			entity, entity_id, patient_id, status, request_id, after)
		VALUES ($1, now(), gen_random_uuid(), 'account', $2, $3, $4, $5, $6, 'patient', $7, $7, $8, gen_random_uuid(), $9)`

	lockSQL = `SELECT used < allowed FROM quota WHERE clinic_id = $1 AND kind = 'patient' FOR UPDATE`

	createSQL = `WITH place AS (UPDATE quota SET used = used + 1 WHERE clinic_id = $1 AND kind = 'patient'
			AND NOT EXISTS (SELECT 1 FROM patient p WHERE p.clinic_id = $1 AND p.phone_key = $5 AND p.deleted_at IS NULL) RETURNING kind),
		number AS (INSERT INTO counter AS k (clinic_id, kind, period, value)
			SELECT $1, place.kind, extract(year FROM now())::int, 1 FROM place
			ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = k.value + 1 RETURNING k.period, k.value),
		p AS (INSERT INTO patient (clinic_id, id, patient_number, name, gender, date_of_birth, phone_number, phone_key, address, city,
				registered_on, registered_by_id, registered_by_name, created_at, updated_at)
			SELECT $1, gen_random_uuid(), 'PT-' || period || '-' || lpad(value::text, greatest(5, length(value::text)), '0'), $2, $3, $4::text::date, $6, $5, $7, $8,
				now()::date, $9, $10, now(), now() FROM number RETURNING *),
		noted AS (INSERT INTO audit (clinic_id, at, id, actor_kind, actor_id, actor_name, actor_role, client_address, operation,
			entity, entity_id, patient_id, status, request_id, after)
			SELECT $1, now(), gen_random_uuid(), 'account', $9, $10, $11, $12, 'patients_create', 'patient', p.id, p.id, 201, gen_random_uuid(), to_jsonb(p) FROM p)
		SELECT ` + shown + `, false, p.created_at, p.updated_at FROM p`
)

var phoneNoise = regexp.MustCompile(`[^+0-9]`)

func (p *patient) scan(row pgx.Row) error {
	return row.Scan(&p.ID, &p.Version, &p.Number, &p.Name, &p.Gender, &p.DateOfBirth, &p.AgeYears, &p.WeightKg, &p.Phone, &p.Email,
		&p.Address, &p.City, &p.State, &p.ZipCode, &p.BloodGroup, &p.EmergencyName, &p.EmergencyPhone, &p.IdentificationType,
		&p.Status, &p.RegisteredOn, &p.HasLogin, &p.CreatedAt, &p.UpdatedAt)
}

func (s *server) batch(who *session, durable string) *pgx.Batch {
	b := &pgx.Batch{}
	b.Queue("context", strconv.FormatInt(who.clinic, 10), durable)
	return b
}

func (s *server) identify(r *http.Request, slug string) (*session, int) {
	clinic, ok := s.clinics[slug]
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, http.StatusNotFound
	}
	if token == "" {
		return nil, http.StatusUnauthorized
	}
	hash := sha256.Sum256([]byte(token))
	if kept, ok := s.sessions.Load(hash); ok {
		if who := kept.(*session); time.Now().Before(who.until) {
			if who.clinic != clinic {
				return nil, http.StatusNotFound
			}
			return who, 0
		}
	}
	who := &session{clinic: clinic, until: time.Now().Add(sessionKept)}
	b := s.batch(who, "off")
	b.Queue("session", clinic, hex.EncodeToString(hash[:]))
	results := s.pool.SendBatch(r.Context(), b)
	defer results.Close()
	if _, err := results.Exec(); err != nil {
		return nil, http.StatusServiceUnavailable
	}
	if err := results.QueryRow().Scan(&who.accountID, &who.name, &who.role); err != nil {
		return nil, http.StatusUnauthorized
	}
	s.sessions.Store(hash, who)
	return who, 0
}

func answer(w http.ResponseWriter, status int, body interface{}) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

func refuse(w http.ResponseWriter, status int) {
	answer(w, status, map[string]interface{}{"status": status, "title": http.StatusText(status)})
}

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (s *server) get(w http.ResponseWriter, r *http.Request, who *session, id string) {
	b := s.batch(who, "off")
	b.Queue("get", who.clinic, id)
	b.Queue("audit", who.clinic, who.accountID, who.name, who.role, address(r), "patients_get", id, 200, nil)
	results := s.pool.SendBatch(r.Context(), b)
	defer results.Close()
	var found patient
	_, err := results.Exec()
	if err == nil {
		err = found.scan(results.QueryRow())
	}
	if errors.Is(err, pgx.ErrNoRows) {
		refuse(w, http.StatusNotFound)
		return
	}
	if err == nil {
		_, err = results.Exec() // not answered before the audit row is written
	}
	if err != nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%d"`, found.Version))
	answer(w, http.StatusOK, &found)
}

func (s *server) list(w http.ResponseWriter, r *http.Request, who *session) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 200 {
		refuse(w, http.StatusBadRequest)
		return
	}
	b := s.batch(who, "off")
	b.Queue("list", who.clinic, limit, who.accountID, who.name, who.role, address(r))
	results := s.pool.SendBatch(r.Context(), b)
	defer results.Close()
	items := make([]listed, 0, limit)
	if _, err = results.Exec(); err != nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	rows, err := results.Query()
	if err != nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	for rows.Next() {
		var p listed
		if err = rows.Scan(&p.ID, &p.Version, &p.Number, &p.Name, &p.Gender, &p.DateOfBirth, &p.AgeYears, &p.Phone, &p.City,
			&p.Status, &p.RegisteredOn, &p.HasLogin, &p.CreatedAt, &p.UpdatedAt); err != nil {
			break
		}
		items = append(items, p)
	}
	rows.Close()
	if err != nil || rows.Err() != nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	answer(w, http.StatusOK, map[string]interface{}{"items": items})
}

func (s *server) create(w http.ResponseWriter, r *http.Request, who *session) {
	var in registration
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMax))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil || in.Name == "" || in.Phone == "" || in.Address == "" {
		refuse(w, http.StatusBadRequest)
		return
	}
	b := s.batch(who, "on")
	b.Queue("lock", who.clinic)
	b.Queue("create", who.clinic, in.Name, in.Gender, in.DateOfBirth, phoneNoise.ReplaceAllString(in.Phone, ""), in.Phone, in.Address,
		in.City, who.accountID, who.name, who.role, address(r))
	results := s.pool.SendBatch(r.Context(), b)
	var made patient
	var has bool
	_, err := results.Exec()
	if err == nil {
		err = results.QueryRow().Scan(&has)
	}
	if err == nil {
		err = made.scan(results.QueryRow())
	}
	if closed := results.Close(); err == nil { // the commit
		err = closed
	}
	if errors.Is(err, pgx.ErrNoRows) {
		refuse(w, http.StatusConflict)
		return
	}
	if err != nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Location", r.URL.Path+"/"+made.ID)
	answer(w, http.StatusCreated, &made)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 3 || len(parts) > 4 || parts[0] != "clinics" || parts[2] != "patients" {
		refuse(w, http.StatusNotFound)
		return
	}
	who, status := s.identify(r, parts[1])
	if status != 0 {
		refuse(w, status)
		return
	}
	if who.role != "receptionist" && who.role != "admin" && who.role != "doctor" {
		refuse(w, http.StatusForbidden)
		return
	}
	switch {
	case len(parts) == 4 && r.Method == http.MethodGet:
		s.get(w, r, who, parts[3])
	case len(parts) == 3 && r.Method == http.MethodGet:
		s.list(w, r, who)
	case len(parts) == 3 && r.Method == http.MethodPost:
		s.create(w, r, who)
	default:
		refuse(w, http.StatusMethodNotAllowed)
	}
}

func prepare(ctx context.Context, conn *pgx.Conn) error {
	for name, sql := range map[string]string{"context": contextSQL, "session": sessionSQL, "get": getSQL, "list": listSQL,
		"audit": auditSQL, "lock": lockSQL, "create": createSQL} {
		if _, err := conn.Prepare(ctx, name, sql); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *server) readClinics(ctx context.Context) error {
	rows, err := s.pool.Query(ctx, "SELECT clinic_id, slug FROM clinic_entries(NULL)")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var slug string
		if err := rows.Scan(&id, &slug); err != nil {
			return err
		}
		s.clinics[slug] = id
	}
	return rows.Err()
}

func main() {
	ctx := context.Background()
	config, err := pgxpool.ParseConfig(os.Getenv("PEER_DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = connections
	config.MinConns = connections
	config.AfterConnect = prepare
	config.ConnConfig.RuntimeParams["search_path"] = "clinicd"
	config.ConnConfig.RuntimeParams["timezone"] = "UTC"
	config.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	config.ConnConfig.RuntimeParams["enable_seqscan"] = "off"
	config.ConnConfig.RuntimeParams["enable_sort"] = "off"
	config.ConnConfig.RuntimeParams["jit"] = "off"
	pool, err := pgxpool.ConnectConfig(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	s := &server{pool: pool, clinics: map[string]int64{}}
	if err := s.readClinics(ctx); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal((&http.Server{Handler: s, ReadHeaderTimeout: 15 * time.Second}).Serve(listener))
}
